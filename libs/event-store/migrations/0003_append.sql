-- Commits a group of units in one statement: each unit whole or not at all. Arrays of one prefix run in parallel, an element each row:
--   w_ writes, e_ events (in the order of their writes), o_ outcomes, l_ ledger rows, r_ repeats, m_ mappings, a_ lane advances,
--   p_ publishers, c_ counts of accepted changes. `_unit` numbers the units from 1, `e_write` the writes from 1.
-- w_expected: a version, 0 none, -1 any, -2 exists. w_before: events of the writes before. Within a group no two units may share a stream, a
-- mapped key, a lane or a command: the constraints would refuse the whole group.
-- Answers {head: the position before}, and where anything was repeated or refused, `writes` {first, last, version, repeated: one element a
-- write} and `refused` [{unit, status, ...}]; status is conflict, mapping_conflict, stale_lane, or done for a unit that was committed before.
-- The planner is told the one plan that is right at every size (probe the index, row by row), because a plan made while the tables were
-- empty would be kept when they are not.
CREATE FUNCTION clientele.append_group(
  lock_timeout_ms integer,
  units integer,
  w_unit integer[], w_stream uuid[], w_type text[], w_expected bigint[], w_command text[], w_events integer[],
  w_before integer[],
  e_write integer[], e_stream uuid[], e_stream_type text[], e_nth integer[], e_id uuid[], e_type text[], e_schema integer[],
  e_data json[], e_personal json[], e_metadata json[], e_occurred timestamptz[],
  o_unit integer[], o_id uuid[], o_type text[], o_data json[], o_personal json[], o_metadata json[],
  l_unit integer[], l_command text[], l_day date[], l_type text[], l_provider text[], l_source text[], l_outcome text[], l_reason text[],
  l_errors json[], l_aggregate uuid[], l_received timestamptz[], l_payload json[],
  r_unit integer[], r_command text[], r_day date[], r_count integer[],
  m_unit integer[], m_source text[], m_entity text[], m_external text[], m_aggregate uuid[], m_linked_by text[],
  a_unit integer[], a_lane text[], a_epoch bigint[], a_from_incarnation text[], a_from_sequence bigint[], a_to_incarnation text[],
  a_to_sequence bigint[], a_pending bigint[],
  p_unit integer[], p_lane text[], p_publisher text[], p_next bigint[],
  c_unit integer[], c_source text[], c_accepted bigint[], c_lost bigint[]
) RETURNS json
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
  schema_of_outcomes constant integer := 1;
  v_now timestamptz;
  v_head bigint;
  v_last bigint;
  v_partitioned_to bigint;
  v_stale integer[] := '{}';    -- units whose lane has another owner, or stands elsewhere
  v_ended integer[] := '{}';    -- units whose lane stands where they would put it: committed before, if their writes are
  v_misled integer[] := '{}';   -- mappings whose key belongs to another aggregate, and to which
  v_owner uuid[] := '{}';
  v_doubt boolean := false;     -- something of the group is not as it should be, or expects any version
  v_stored boolean[];           -- by write: nothing to store, because it was stored before or its unit is refused
  v_refused integer[] := '{}';  -- units that store nothing
  v_verdicts json := '[]';
  v_answer json;
  v_conflict boolean[];
  v_first bigint[];
  v_final bigint[];
  v_version bigint[];
BEGIN
  PERFORM set_config('lock_timeout', lock_timeout_ms::text, true);

  -- fault: head
  SELECT position, partitioned_to INTO STRICT v_head, v_partitioned_to FROM clientele.log_head FOR UPDATE;
  v_now := clock_timestamp();

  -- Locked before they are judged: a new owner of the lane writes its epoch here.
  IF cardinality(a_unit) > 0 THEN
    PERFORM 1 FROM clientele.lane_checkpoints WHERE lane = ANY (a_lane) ORDER BY lane FOR UPDATE;
    SELECT coalesce(array_agg(unit) FILTER (WHERE at_end), '{}'), coalesce(array_agg(unit) FILTER (WHERE at_end IS NOT TRUE), '{}')
      INTO v_ended, v_stale
      FROM (
        SELECT a.unit, c.epoch = a.epoch AND c.incarnation = a.to_incarnation AND c.sequence = a.to_sequence AS at_end
          FROM unnest(a_unit, a_lane, a_epoch, a_from_incarnation, a_from_sequence, a_to_incarnation, a_to_sequence)
            AS a (unit, lane, epoch, from_incarnation, from_sequence, to_incarnation, to_sequence)
          LEFT JOIN clientele.lane_checkpoints c ON c.lane = a.lane
         WHERE (c.epoch = a.epoch AND c.incarnation IS NOT DISTINCT FROM a.from_incarnation
           AND c.sequence IS NOT DISTINCT FROM a.from_sequence) IS NOT TRUE
      ) elsewhere;
    v_doubt := cardinality(v_stale) + cardinality(v_ended) > 0;
  END IF;

  IF cardinality(m_unit) > 0 THEN
    SELECT coalesce(array_agg(m.nth ORDER BY m.nth), '{}'), array_agg(k.aggregate_id ORDER BY m.nth) INTO v_misled, v_owner
      FROM unnest(m_source, m_entity, m_external, m_aggregate) WITH ORDINALITY AS m (source, entity, external_id, aggregate_id, nth)
      JOIN clientele.mappings k ON k.source = m.source AND k.entity = m.entity AND k.external_id = m.external_id
     WHERE k.aggregate_id <> m.aggregate_id;
    v_doubt := v_doubt OR cardinality(v_misled) > 0;
  END IF;

  IF cardinality(w_unit) > 0 THEN
    SELECT v_doubt OR NOT bool_and(coalesce(h.version, 0) = w.expected AND r.command_id IS NULL) INTO v_doubt
      FROM unnest(w_stream, w_command, w_expected) AS w (stream_id, command_id, expected)
      LEFT JOIN clientele.heads h ON h.stream_id = w.stream_id
      LEFT JOIN clientele.append_results r ON r.command_id = w.command_id AND r.stream_id = w.stream_id;
  END IF;

  v_last := v_head + cardinality(e_id);
  v_stored := array_fill(false, ARRAY[cardinality(w_unit)]);

  -- Who is it? From here on w_expected is the version that each stream has, and w_before counts only events that will be stored.
  IF v_doubt THEN
    SELECT coalesce(array_agg(actual), '{}'), coalesce(array_agg(conflict), '{}'), coalesce(array_agg(stored), '{}'),
           array_agg(first_position), array_agg(last_position), array_agg(version)
      INTO w_expected, v_conflict, v_stored, v_first, v_final, v_version
      FROM (
        SELECT coalesce(h.version, 0) AS actual, r.command_id IS NOT NULL AS stored, r.first_position, r.last_position, r.version,
               r.command_id IS NULL AND CASE w.expected
                 WHEN -1 THEN false
                 WHEN -2 THEN h.version IS NULL
                 ELSE coalesce(h.version, 0) <> w.expected
               END AS conflict
          FROM unnest(w_stream, w_command, w_expected) WITH ORDINALITY AS w (stream_id, command_id, expected, nth)
          LEFT JOIN clientele.heads h ON h.stream_id = w.stream_id
          LEFT JOIN clientele.append_results r ON r.command_id = w.command_id AND r.stream_id = w.stream_id
         ORDER BY w.nth
      ) judged;

    SELECT coalesce(json_agg(json_build_object('unit', unit, 'status', status, 'write', first_conflict, 'actual', w_expected[first_conflict],
                                               'mapping', misled, 'aggregate', owner)), '[]'),
           coalesce(array_agg(unit), '{}')
      INTO v_verdicts, v_refused
      FROM (
        SELECT n AS unit, w.first_conflict, m.nth AS misled, m.owner, CASE
                 WHEN n = ANY (v_stale) THEN 'stale_lane'
                 WHEN n = ANY (v_ended) THEN CASE WHEN coalesce(w.all_stored, true) THEN 'done' ELSE 'stale_lane' END
                 WHEN n <> ALL (a_unit) AND w.all_stored THEN 'done'
                 WHEN m.nth IS NOT NULL THEN 'mapping_conflict'
                 WHEN w.first_conflict IS NOT NULL THEN 'conflict'
               END AS status
          FROM generate_series(1, units) n
          LEFT JOIN (
            SELECT unit, bool_and(stored) AS all_stored, min(nth) FILTER (WHERE conflict) AS first_conflict
              FROM unnest(w_unit, v_stored, v_conflict) WITH ORDINALITY AS t (unit, stored, conflict, nth)
             GROUP BY unit
          ) w ON w.unit = n
          LEFT JOIN LATERAL (
            SELECT nth, owner FROM unnest(v_misled, v_owner) AS t (nth, owner) WHERE m_unit[nth] = n ORDER BY nth LIMIT 1
          ) m ON true
      ) judged
     WHERE status IS NOT NULL;

    SELECT coalesce(array_agg(refused), '{}'), coalesce(array_agg(drawn - events), '{}'), v_head + coalesce(max(drawn), 0),
           json_build_object(
             'first', array_agg(CASE WHEN stored THEN first_position ELSE v_head + drawn - events + 1 END),
             'last', array_agg(CASE WHEN stored THEN last_position ELSE v_head + drawn END),
             'version', array_agg(CASE WHEN stored THEN version ELSE actual + events END),
             'repeated', array_agg(stored)
           )
      INTO v_stored, w_before, v_last, v_answer
      FROM (
        SELECT t.*, stored OR unit = ANY (v_refused) AS refused,
               sum(CASE WHEN stored OR unit = ANY (v_refused) THEN 0 ELSE events END) OVER (ORDER BY nth ROWS UNBOUNDED PRECEDING) AS drawn
          FROM unnest(w_unit, w_events, w_expected, v_stored, v_first, v_final, v_version) WITH ORDINALITY
            AS t (unit, events, actual, stored, first_position, last_position, version, nth)
         ORDER BY nth
      ) redrawn;
  END IF;

  IF v_last + cardinality(o_unit) >= v_partitioned_to THEN
    PERFORM clientele.ensure_event_partitions(v_last + cardinality(o_unit));
  END IF;

  IF cardinality(e_id) > 0 THEN
    -- fault: events
    INSERT INTO clientele.events (position, id, kind, stream_id, stream_type, version, type, schema_version, data, personal, metadata,
                                  occurred_at, recorded_at)
    SELECT v_head + w_before[e.write] + e.nth, e.id, 'event', e.stream_id, e.stream_type, w_expected[e.write] + e.nth, e.type,
           e.schema_version, e.data, e.personal, e.metadata, e.occurred_at, v_now
      FROM unnest(e_write, e_stream, e_stream_type, e_nth, e_id, e_type, e_schema, e_data, e_personal, e_metadata, e_occurred)
        AS e (write, stream_id, stream_type, nth, id, type, schema_version, data, personal, metadata, occurred_at)
     WHERE NOT v_stored[e.write];

    -- fault: heads
    INSERT INTO clientele.heads AS h (stream_id, stream_type, version, first_position, last_position)
    SELECT stream_id, type, version + events, v_head + before + 1, v_head + before + events
      FROM unnest(w_stream, w_type, w_expected, w_events, w_before, v_stored) AS w (stream_id, type, version, events, before, stored)
     WHERE NOT stored
    ON CONFLICT (stream_id) DO UPDATE SET version = excluded.version, last_position = excluded.last_position;

    -- fault: append_results
    INSERT INTO clientele.append_results (command_id, stream_id, first_position, last_position, version, recorded_at)
    SELECT command_id, stream_id, v_head + before + 1, v_head + before + events, version + events, v_now
      FROM unnest(w_command, w_stream, w_expected, w_events, w_before, v_stored) AS w (command_id, stream_id, version, events, before, stored)
     WHERE NOT stored;
  END IF;

  IF cardinality(o_unit) > 0 THEN
    -- fault: outcomes
    WITH stored AS (
      INSERT INTO clientele.events (position, id, kind, type, schema_version, data, personal, metadata, recorded_at)
      SELECT v_last + row_number() OVER (ORDER BY o.nth), o.id, 'outcome', o.type, schema_of_outcomes, o.data, o.personal, o.metadata, v_now
        FROM unnest(o_unit, o_id, o_type, o_data, o_personal, o_metadata) WITH ORDINALITY
          AS o (unit, id, type, data, personal, metadata, nth)
       WHERE o.unit <> ALL (v_refused)
      RETURNING 1
    )
    SELECT v_last + count(*) INTO v_last FROM stored;
  END IF;

  IF v_last > v_head THEN
    -- fault: log_head
    UPDATE clientele.log_head SET position = v_last;
  END IF;

  IF cardinality(m_unit) > 0 THEN
    -- fault: mappings
    INSERT INTO clientele.mappings (source, entity, external_id, aggregate_id, linked_at, linked_by)
    SELECT m.source, m.entity, m.external_id, m.aggregate_id, v_now, m.linked_by
      FROM unnest(m_unit, m_source, m_entity, m_external, m_aggregate, m_linked_by)
        AS m (unit, source, entity, external_id, aggregate_id, linked_by)
     WHERE m.unit <> ALL (v_refused) AND NOT EXISTS (
       SELECT FROM clientele.mappings k WHERE k.source = m.source AND k.entity = m.entity AND k.external_id = m.external_id
     );
  END IF;

  -- The primary key refuses a second row of a command: whoever asks for one has a bug, and nothing of the group is stored.
  IF cardinality(l_unit) > 0 THEN
    -- fault: ledger
    INSERT INTO clientele.ledger (command_id, day, command_type, provider, source, outcome, reason, errors, aggregate_id, received_at,
                                  decided_at, payload)
    SELECT command_id, day, type, provider, source, outcome, reason, errors, aggregate_id, received_at, v_now, payload
      FROM unnest(l_unit, l_command, l_day, l_type, l_provider, l_source, l_outcome, l_reason, l_errors, l_aggregate, l_received, l_payload)
        AS l (unit, command_id, day, type, provider, source, outcome, reason, errors, aggregate_id, received_at, payload)
     WHERE l.unit <> ALL (v_refused);
  END IF;

  -- A repeat whose row expired meanwhile is counted all the same, without its source.
  IF cardinality(r_unit) > 0 THEN
    -- fault: repeats
    WITH again AS (
      SELECT command_id, day, sum(n) AS n FROM unnest(r_unit, r_command, r_day, r_count) AS r (unit, command_id, day, n)
       WHERE r.unit <> ALL (v_refused) GROUP BY command_id, day
    ), found AS (
      UPDATE clientele.ledger l SET repeats = l.repeats + again.n FROM again
       WHERE l.command_id = again.command_id AND l.day = again.day AND l.day = ANY (r_day)
      RETURNING l.command_id, coalesce(l.source, '') AS source
    )
    INSERT INTO clientele.accepted_counts AS c (source, repeats)
    SELECT coalesce(found.source, ''), sum(again.n) FROM again LEFT JOIN found USING (command_id) GROUP BY 1 ORDER BY 1
    ON CONFLICT (source) DO UPDATE SET repeats = c.repeats + excluded.repeats;
  END IF;

  IF cardinality(a_unit) > 0 THEN
    -- fault: lane_checkpoints
    UPDATE clientele.lane_checkpoints c SET incarnation = a.incarnation, sequence = a.sequence, pending = a.pending, moved_at = v_now
      FROM unnest(a_unit, a_lane, a_to_incarnation, a_to_sequence, a_pending) AS a (unit, lane, incarnation, sequence, pending)
     WHERE c.lane = a.lane AND a.unit <> ALL (v_refused);

    -- fault: lane_publishers
    INSERT INTO clientele.lane_publishers AS p (lane, publisher, next_number, moved_at)
    SELECT lane, publisher, next_number, v_now FROM unnest(p_unit, p_lane, p_publisher, p_next) AS a (unit, lane, publisher, next_number)
     WHERE a.unit <> ALL (v_refused)
    ON CONFLICT (lane, publisher) DO UPDATE SET next_number = excluded.next_number, moved_at = excluded.moved_at;

    -- fault: accepted_counts
    INSERT INTO clientele.accepted_counts AS c (source, accepted, lost)
    SELECT source, sum(accepted), sum(lost) FROM unnest(c_unit, c_source, c_accepted, c_lost) AS a (unit, source, accepted, lost)
     WHERE a.unit <> ALL (v_refused) GROUP BY source ORDER BY source
    ON CONFLICT (source) DO UPDATE SET accepted = c.accepted + excluded.accepted, lost = c.lost + excluded.lost;
  END IF;

  -- fault: end
  IF v_doubt THEN
    RETURN json_build_object('head', v_head, 'writes', v_answer, 'refused', v_verdicts);
  END IF;
  RETURN json_build_object('head', v_head);
END $$;
