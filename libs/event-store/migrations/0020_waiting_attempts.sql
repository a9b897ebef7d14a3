-- What waits is looked at before an attempt is ordered, for most of it cannot have changed: it is told whole, and put off where it stands.
DROP FUNCTION clientele.take_due_parked;
--> statement-breakpoint
-- Parked commands whose next attempt is due, whole, the longest due first; fewer than `p_limit`, but one at least, where they are large.
CREATE FUNCTION clientele.due_parked(p_limit integer, p_bytes bigint)
RETURNS TABLE (command_id text, outcome text, command_type text, provider text, source text, entity text, external_id text, reason text,
               attempts integer, received_at timestamptz, payload text, errors json)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
DECLARE
  v_now constant timestamptz := clock_timestamp();
BEGIN
  RETURN QUERY
  SELECT due.command_id, due.outcome, due.command_type, due.provider, due.source, due.entity, due.external_id, due.reason, due.attempts,
         due.received_at, due.payload::text, due.errors
    FROM (
      SELECT first.*, sum(coalesce(pg_column_size(first.payload), 0)) OVER (ROWS UNBOUNDED PRECEDING) - coalesce(pg_column_size(first.payload), 0) AS bytes_before
        FROM (
          SELECT * FROM clientele.ledger l WHERE l.outcome = 'parked' AND l.next_attempt_at <= v_now
           ORDER BY l.next_attempt_at, l.command_id LIMIT p_limit
        ) first
    ) due
   WHERE due.bytes_before < p_bytes;
END $$;
--> statement-breakpoint
-- Sets when parked commands that are due are due again, and after how many attempts; answers which were. Waits for nobody: a row that another
-- transaction holds, or that is not due any more, is left as it is.
CREATE FUNCTION clientele.postpone_parked(c_command text[], c_day date[], c_attempts integer[], c_next timestamptz[]) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
AS $$
DECLARE
  v_now constant timestamptz := clock_timestamp();
  v_commands text[];
  v_days date[];
BEGIN
  SELECT array_agg(k.command_id), array_agg(k.day) INTO v_commands, v_days
    FROM generate_subscripts(c_command, 1) n CROSS JOIN LATERAL (
      SELECT l.command_id, l.day FROM clientele.ledger l
       WHERE l.command_id = c_command[n] AND l.day = c_day[n] AND l.day = ANY (c_day) AND l.outcome = 'parked' AND l.next_attempt_at <= v_now
      OFFSET 0 FOR UPDATE SKIP LOCKED
    ) k;
  IF v_commands IS NOT NULL THEN
    RETURN QUERY
    UPDATE clientele.ledger l
       SET attempts = c_attempts[array_position(c_command, l.command_id)], next_attempt_at = c_next[array_position(c_command, l.command_id)]
     WHERE l.command_id = ANY (v_commands) AND l.day = ANY (v_days)
    RETURNING l.command_id;
  END IF;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clientele.due_parked, clientele.postpone_parked FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clientele.due_parked, clientele.postpone_parked TO clientele_command;
