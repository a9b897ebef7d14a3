-- As in append_group, tables are probed row by row (LATERAL ... OFFSET 0), never joined.
--
-- What the pipeline asks before it decides: an aggregate id (or null) for each key, and whether each command has its ledger row, in order.
-- The days are told again as a list because that leaves all other partitions out before the search begins.
CREATE FUNCTION clientele.load_known(
  k_source text[], k_entity text[], k_external text[], c_command text[], c_day date[],
  OUT aggregate_ids uuid[], OUT known boolean[]
)
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
  SELECT array_agg(aggregate_id) INTO aggregate_ids FROM (
    SELECT m.aggregate_id FROM unnest(k_source, k_entity, k_external) WITH ORDINALITY AS k (source, entity, external_id, nth)
      LEFT JOIN LATERAL (
        SELECT aggregate_id FROM clientele.mappings
         WHERE source = k.source AND entity = k.entity AND external_id = k.external_id OFFSET 0
      ) m ON true
     ORDER BY k.nth
  ) found;
  SELECT array_agg(known_command) INTO known FROM (
    SELECT EXISTS (
        SELECT FROM clientele.ledger l WHERE l.command_id = c.command_id AND l.day = c.day AND l.day = ANY (c_day)
      ) AS known_command
      FROM unnest(c_command, c_day) WITH ORDINALITY AS c (command_id, day, nth)
     ORDER BY c.nth
  ) found;
END $$;
--> statement-breakpoint
-- Events of many streams after a version of each, versions rising in each stream. The head's positions leave out the partitions that hold
-- nothing of a stream.
CREATE FUNCTION clientele.read_streams(streams uuid[], after bigint[], to_version bigint, until timestamptz)
RETURNS SETOF clientele.events
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
  SELECT found.* FROM unnest(streams, after) AS r (stream_id, after)
   CROSS JOIN LATERAL (SELECT * FROM clientele.heads k WHERE k.stream_id = r.stream_id AND k.version > r.after OFFSET 0) h
   CROSS JOIN LATERAL (
     SELECT e.* FROM clientele.events e
      WHERE e.stream_id = r.stream_id AND e.version > r.after AND e.version <= to_version
        AND e.position BETWEEN h.first_position AND h.last_position AND e.recorded_at <= until
      ORDER BY e.version
   ) found;
END $$;
