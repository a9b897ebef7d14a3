-- What is needed to replay many streams: of each its snapshot of this schema version, if it has one, as a row of type `snapshot`, then the
-- events after it, versions rising.
CREATE FUNCTION clientele.read_records(streams uuid[], p_schema_version integer)
RETURNS TABLE (stream_id uuid, version bigint, type text, schema_version integer, data text, personal text, clock text)
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
  SELECT h.stream_id, found.* FROM unnest(streams) AS r (id)
   CROSS JOIN LATERAL (SELECT * FROM clientele.heads k WHERE k.stream_id = r.id OFFSET 0) h
    LEFT JOIN LATERAL (SELECT * FROM clientele.snapshots k WHERE k.stream_id = r.id AND k.schema_version = p_schema_version OFFSET 0) s ON true
   CROSS JOIN LATERAL (
     SELECT s.version, 'snapshot', s.schema_version, s.state::text, NULL, NULL WHERE s.version IS NOT NULL
     UNION ALL (
       SELECT e.version, e.type, e.schema_version, e.data::text, e.personal::text, e.metadata ->> 'clock' FROM clientele.events e
        WHERE e.stream_id = r.id AND e.version > coalesce(s.version, 0) AND e.position BETWEEN h.first_position AND h.last_position
        ORDER BY e.version
     )
   ) found;
END $$;
--> statement-breakpoint
CREATE FUNCTION clientele.keep_snapshot(p_stream_id uuid, p_version bigint, p_schema_version integer, p_state json) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO clientele.snapshots AS s (stream_id, version, schema_version, state, recorded_at)
  VALUES (p_stream_id, p_version, p_schema_version, p_state, clock_timestamp())
  ON CONFLICT (stream_id) DO UPDATE
    SET version = excluded.version, schema_version = excluded.schema_version, state = excluded.state, recorded_at = excluded.recorded_at
  WHERE (s.schema_version, s.version) < (excluded.schema_version, excluded.version);
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clientele.read_records, clientele.keep_snapshot FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clientele.read_records, clientele.keep_snapshot TO clientele_command;
