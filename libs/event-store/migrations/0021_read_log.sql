-- Entries after a position, in their order: at most `p_limit`, and fewer, but one at least, where their JSON text has more than `p_bytes`.
-- Followers ask many times a second, mostly for nothing or a few: planned anew each time, that cost ten times as much as it took to answer.
-- Without sorts a plan has to read by the index, whatever the table's size was when it was made.
-- work_mem holds a page, which stands in memory before it goes out.
CREATE FUNCTION published.read_log(p_after bigint, p_limit integer, p_bytes bigint) RETURNS SETOF published.event_log
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
SET enable_sort = off
SET work_mem = '16MB'
AS $$
BEGIN
  RETURN QUERY
  SELECT e.position, e.id, e.kind, e.stream_id, e.stream_type, e.version, e.type, e.schema_version, e.data, e.personal, e.metadata,
         e.occurred_at, e.recorded_at
    FROM (
      -- The sizes are taken of texts that are made for the answer anyway.
      SELECT counted.*, coalesce(sum(octet_length(data) + octet_length(metadata) + coalesce(octet_length(personal), 0))
               OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
        FROM (SELECT * FROM published.event_log l WHERE l.position > p_after ORDER BY l.position LIMIT p_limit) counted
    ) e
   WHERE e.bytes_before < p_bytes
   ORDER BY e.position;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION published.read_log FROM PUBLIC;
GRANT EXECUTE ON FUNCTION published.read_log TO clientele_command, clientele_log_reader;
