-- Takes reads of a source that are due, lane by lane in the order given, the longest due first in each. What was taken and is not answered
-- within `p_for` is due again. Waits for nobody.
CREATE FUNCTION clientele.take_reads(p_source text, p_lanes integer[], p_limit integer, p_for interval) RETURNS SETOF clientele.reads
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
  v_left integer := p_limit;
  v_lane integer;
  v_spots tid[];
BEGIN
  FOREACH v_lane IN ARRAY p_lanes LOOP
    EXIT WHEN v_left <= 0;
    SELECT array_agg(spot) INTO v_spots FROM (
      SELECT ctid AS spot FROM clientele.reads WHERE source = p_source AND lane = v_lane AND due_at <= v_now
       ORDER BY due_at LIMIT v_left FOR UPDATE SKIP LOCKED
    ) due;
    CONTINUE WHEN v_spots IS NULL;
    RETURN QUERY
    UPDATE clientele.reads SET state = 'taken', taken_at = v_now, taken_until = v_now + p_for, attempts = attempts + 1
     WHERE ctid = ANY (v_spots) RETURNING *;
    v_left := v_left - cardinality(v_spots);
  END LOOP;
END $$;
--> statement-breakpoint
-- Puts back what was taken and could not be read, where it is still the same taking; what was asked for anew meanwhile is not given up. Takes log_head's lock first, as the append does, so that
-- the two never wait for each other's rows.
CREATE FUNCTION clientele.reschedule_reads(
  p_source text[], p_entity text[], p_external text[], p_taken_at timestamptz[], p_since text[], p_attempts integer[],
  p_not_before timestamptz[], p_error text[], p_give_up boolean[]
) RETURNS integer
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
  v_spots tid[];
  v_nth integer[];
  v_updated integer;
BEGIN
  PERFORM FROM clientele.log_head FOR UPDATE;
  SELECT array_agg(spot), array_agg(n) INTO v_spots, v_nth
    FROM generate_subscripts(p_source, 1) n CROSS JOIN LATERAL (
      SELECT ctid AS spot FROM clientele.reads
       WHERE source = p_source[n] AND entity = p_entity[n] AND external_id = p_external[n] AND state = 'taken' AND taken_at = p_taken_at[n] OFFSET 0
    ) k;
  UPDATE clientele.reads SET
    (state, attempts, not_before, last_error, taken_at, taken_until) = (
      SELECT CASE WHEN p_give_up[n] AND reads.since = p_since[n] THEN 'given_up' ELSE 'open' END, p_attempts[n], p_not_before[n], p_error[n], NULL::timestamptz, NULL::timestamptz
        FROM (SELECT v_nth[array_position(v_spots, reads.ctid)] AS n) at
    )
   WHERE ctid = ANY (v_spots);
  GET DIAGNOSTICS v_updated = ROW_COUNT;
  RETURN v_updated;
END $$;
--> statement-breakpoint
-- Makes at most so many reads of a source due at once that were given up, or failed and are put off. Answers how many.
CREATE FUNCTION clientele.reopen_reads(p_source text, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_spots tid[];
BEGIN
  SELECT array_agg(spot) INTO v_spots FROM (
    SELECT ctid AS spot FROM clientele.reads WHERE source = p_source AND (state = 'given_up' OR (state = 'open' AND attempts > 0))
     LIMIT at_most FOR UPDATE SKIP LOCKED
  ) put_off;
  UPDATE clientele.reads SET state = 'open', attempts = 0, not_before = clock_timestamp(), requested_at = clock_timestamp() WHERE ctid = ANY (v_spots);
  RETURN coalesce(cardinality(v_spots), 0);
END $$;
--> statement-breakpoint
-- Deletes at most so many reads that were given up and not asked for again in 30 days. Answers how many.
CREATE FUNCTION clientele.expire_reads(today date, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_spots tid[];
BEGIN
  SELECT array_agg(spot) INTO v_spots FROM (
    SELECT ctid AS spot FROM clientele.reads WHERE state = 'given_up' AND not_before < today - 30 LIMIT at_most FOR UPDATE SKIP LOCKED
  ) old;
  DELETE FROM clientele.reads WHERE ctid = ANY (v_spots);
  RETURN coalesce(cardinality(v_spots), 0);
END $$;
--> statement-breakpoint
-- Deletes at most so many plans that ended more than 30 days ago, but for those that loaded a source. Answers how many.
CREATE FUNCTION clientele.expire_plans(today date, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_deleted integer;
BEGIN
  DELETE FROM clientele.plans WHERE id IN (
    SELECT p.id FROM clientele.plans p WHERE p.finished_at < today - 30 AND NOT EXISTS (SELECT FROM clientele.sources s WHERE s.load_plan = p.id)
     LIMIT at_most
  );
  GET DIAGNOSTICS v_deleted = ROW_COUNT;
  RETURN v_deleted;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION
  clientele.take_reads, clientele.reschedule_reads, clientele.reopen_reads, clientele.expire_reads, clientele.expire_plans FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  clientele.take_reads, clientele.reschedule_reads, clientele.reopen_reads, clientele.expire_reads, clientele.expire_plans TO clientele_command;
GRANT SELECT ON clientele.reads TO clientele_command;
GRANT SELECT, INSERT, UPDATE ON clientele.plans, clientele.sources TO clientele_command;
