-- Of these commands the ones that wait, whole. As in load_known, the ledger is probed row by row, and the days are told again as a list.
CREATE FUNCTION clientele.load_waiting(c_command text[], c_day date[])
RETURNS TABLE (command_id text, outcome text, command_type text, provider text, source text, entity text, external_id text, reason text,
               attempts integer, received_at timestamptz, payload text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
AS $$
BEGIN
  RETURN QUERY
  SELECT l.command_id, l.outcome, l.command_type, l.provider, l.source, l.entity, l.external_id, l.reason, l.attempts, l.received_at, l.payload::text
    FROM unnest(c_command, c_day) AS c (command_id, day)
   CROSS JOIN LATERAL (
     SELECT * FROM clientele.ledger k WHERE k.command_id = c.command_id AND k.day = c.day AND k.day = ANY (c_day) OFFSET 0
   ) l
   WHERE l.outcome IN ('parked', 'quarantined');
END $$;
--> statement-breakpoint
-- Parked commands whose next attempt is due, the longest due first. What is told is not due again before `p_for` has passed, by when its
-- attempt should have been decided. Waits for nobody: a row that another transaction holds is left for the next time.
CREATE FUNCTION clientele.take_due_parked(p_limit integer, p_for interval)
RETURNS TABLE (command_id text, provider text, source text, entity text, external_id text, reason text, attempts integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
DECLARE
  v_now constant timestamptz := clock_timestamp();
  v_commands text[];
  v_days date[];
BEGIN
  SELECT array_agg(due.command_id), array_agg(due.day) INTO v_commands, v_days FROM (
    SELECT l.command_id, l.day FROM clientele.ledger l WHERE l.outcome = 'parked' AND l.next_attempt_at <= v_now
     ORDER BY l.next_attempt_at, l.command_id LIMIT p_limit FOR UPDATE SKIP LOCKED
  ) due;
  IF v_commands IS NOT NULL THEN
    RETURN QUERY
    UPDATE clientele.ledger l SET next_attempt_at = v_now + p_for WHERE l.command_id = ANY (v_commands) AND l.day = ANY (v_days)
    RETURNING l.command_id, l.provider, l.source, l.entity, l.external_id, l.reason, l.attempts;
  END IF;
END $$;
--> statement-breakpoint
-- Notes that a quarantined body was sent in again. False where none of this id is quarantined.
CREATE FUNCTION clientele.mark_resubmitted(p_command text, p_day date, p_by text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE clientele.ledger SET resubmitted_at = clock_timestamp(), resubmitted_by = p_by
   WHERE command_id = p_command AND day = p_day AND outcome = 'quarantined';
  RETURN FOUND;
END $$;
--> statement-breakpoint
-- Deletes at most so many payloads that were replaced more than 15 days ago, of commands that wait no longer. Answers how many.
CREATE FUNCTION clientele.expire_ledger_edits(today date, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_deleted integer;
BEGIN
  DELETE FROM clientele.ledger_edits WHERE ctid = ANY (ARRAY(
    SELECT e.ctid FROM clientele.ledger_edits e CROSS JOIN LATERAL (
      SELECT EXISTS (SELECT FROM clientele.ledger l WHERE l.command_id = e.command_id AND l.day = e.day AND l.outcome = 'parked') AS waits OFFSET 0
    ) k
     WHERE e.edited_at < today - 15 AND NOT k.waits LIMIT at_most
  ));
  GET DIAGNOSTICS v_deleted = ROW_COUNT;
  RETURN v_deleted;
END $$;
--> statement-breakpoint
-- What earlier code parked: its record, as far as its payload can be read here (a text may hold what PostgreSQL's JSON cannot name, such as
-- \u0000), and one attempt at once where that code did not know the kind of change.
CREATE FUNCTION clientele.text_at(payload json, path text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN left(payload #>> path, 255);
EXCEPTION WHEN data_exception THEN RETURN NULL;
END $$;
--> statement-breakpoint
UPDATE clientele.ledger
   SET entity = clientele.text_at(payload, '{event,entity}'), external_id = clientele.text_at(payload, '{event,external_id}'),
       next_attempt_at = CASE reason WHEN 'unsupported_change' THEN clock_timestamp() END
 WHERE outcome = 'parked';
--> statement-breakpoint
DROP FUNCTION clientele.text_at;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clientele.load_waiting, clientele.take_due_parked, clientele.mark_resubmitted, clientele.expire_ledger_edits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clientele.load_waiting, clientele.take_due_parked, clientele.mark_resubmitted, clientele.expire_ledger_edits TO clientele_command;
GRANT SELECT ON clientele.ledger_edits, clientele.ledger_counts TO clientele_command;
