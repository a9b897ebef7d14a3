-- Commits a group of units in one statement: each unit whole or not at all. Arrays of one prefix run in parallel, an element each row; null
-- where there is none:
--   w_ writes, e_ events (in the order of their writes), o_ outcomes, l_ ledger rows, r_ repeats, m_ mappings, a_ lane advances,
--   p_ publishers, c_ counts of accepted changes, q_ reads that are asked for, d_ readings that were decided, s_ waiting ledger rows that are
--   settled, n_ plans. `_unit` numbers the units from 1, `e_write` the writes from 1.
-- w_expected: a version, 0 none, -1 any, -2 exists. w_before: events of the writes before. Within a group no two units may share a stream, a
-- mapped key, a lane or a command: the constraints would refuse the whole group. Reads of one record may be asked for by several.
--
-- Nearly always all is as expected, and then nothing has to be asked before it is written: heads move where they stand at the expected
-- version, as ledger rows do where they wait as they should, and the number of both tells whether all did. Where they did not, error CL001, or a unique violation of append_results where a write is a
-- repeat, undoes the whole, and the caller calls again, `careful`. Then each unit is judged first, in the same one statement.
--
-- Answers {head: the position before}, and where units were judged also `writes` {first, last, version, repeated: one element a write} and
-- `refused` [{unit, status, ...}]; status is conflict, mapping_conflict, settled_meanwhile, stale_lane, or done for a unit that was committed
-- before.
--
-- Rows are had by subscript, not by unnest: an argument of plpgsql is an expanded array, whose elements are found at once, while unnest
-- copies each array into a row store of its own. A table that grows is never joined, because a plan made while it was small, and kept when it
-- is not, would read it whole: it is probed by its index for each row (LATERAL ... OFFSET 0 is planned by itself), written ON CONFLICT, or
-- searched by a list of keys. test/plans.int.test.ts holds this from empty tables to a million rows.
DROP FUNCTION clientele.append_group;
--> statement-breakpoint
CREATE FUNCTION clientele.append_group(
  lock_timeout_ms integer,
  units integer, careful boolean,
  w_unit integer[], w_stream uuid[], w_type text[], w_expected bigint[], w_command text[], w_events integer[],
  w_before integer[],
  e_write integer[], e_nth integer[], e_id uuid[], e_type text[], e_schema integer[],
  e_data json[], e_personal json[], e_metadata json[], e_occurred timestamptz[],
  o_unit integer[], o_id uuid[], o_type text[], o_data json[], o_personal json[], o_metadata json[],
  l_unit integer[], l_command text[], l_day date[], l_type text[], l_provider text[], l_source text[], l_outcome text[], l_reason text[],
  l_errors json[], l_aggregate uuid[], l_received timestamptz[], l_payload json[],
  l_entity text[], l_external text[], l_next timestamptz[], l_attempts integer[],
  r_unit integer[], r_command text[], r_day date[], r_count integer[],
  m_unit integer[], m_source text[], m_entity text[], m_external text[], m_aggregate uuid[], m_linked_by text[],
  a_unit integer[], a_lane text[], a_epoch bigint[], a_from_incarnation text[], a_from_sequence bigint[], a_to_incarnation text[],
  a_to_sequence bigint[], a_pending bigint[],
  p_unit integer[], p_lane text[], p_publisher text[], p_next bigint[],
  c_unit integer[], c_source text[], c_accepted bigint[], c_lost bigint[],
  q_unit integer[], q_source text[], q_entity text[], q_external text[], q_provider text[], q_reason text[], q_lane integer[], q_since text[],
  q_not_before timestamptz[],
  d_unit integer[], d_source text[], d_entity text[], d_external text[], d_from text[],
  s_unit integer[], s_command text[], s_day date[], s_from text[], s_outcome text[], s_reason text[], s_errors json[], s_aggregate uuid[],
  s_payload json[], s_next timestamptz[], s_attempts integer[], s_editor text[], s_edit_reason text[],
  n_unit integer[], n_id uuid[], n_plan json[]
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
  v_entries constant bigint := coalesce(cardinality(e_id), 0) + coalesce(cardinality(o_id), 0);
  v_now timestamptz;
  v_head bigint;
  v_last bigint;
  v_partitioned_to bigint;
  v_stale integer[] := '{}';    -- units whose lane has another owner, or stands elsewhere
  v_ended integer[] := '{}';    -- units whose lane stands where they would put it: committed before, if their writes are
  v_misled integer[];           -- mappings whose key belongs to another aggregate, and to which
  v_owner uuid[];
  v_moved integer[];            -- settled rows that do not wait as they should
  v_doubt boolean := careful;   -- something of the group may not be as expected
  v_stored boolean[];           -- by write: nothing to store, because it was stored before or its unit is refused
  v_refused integer[] := '{}';  -- units that store nothing
  v_verdicts json := '[]';
  v_answer json;
  v_made bigint;
  v_conflict boolean[];
  v_first bigint[];
  v_final bigint[];
  v_version bigint[];
  v_answered tid[];
  v_unanswered tid[];
BEGIN
  PERFORM set_config('lock_timeout', lock_timeout_ms::text, true);

  -- fault: head
  UPDATE clientele.log_head SET position = position + v_entries RETURNING position - v_entries, partitioned_to
    INTO STRICT v_head, v_partitioned_to;
  v_now := clock_timestamp();

  -- Locked before they are judged: a new owner of the lane writes its epoch here.
  IF cardinality(a_unit) > 0 THEN
    PERFORM 1 FROM clientele.lane_checkpoints WHERE lane = ANY (a_lane) ORDER BY lane FOR UPDATE;
    SELECT coalesce(array_agg(unit) FILTER (WHERE at_end), '{}'), coalesce(array_agg(unit) FILTER (WHERE at_end IS NOT TRUE), '{}')
      INTO v_ended, v_stale
      FROM (
        SELECT a_unit[n] AS unit, c.epoch = a_epoch[n] AND c.incarnation = a_to_incarnation[n] AND c.sequence = a_to_sequence[n] AS at_end
          FROM generate_subscripts(a_unit, 1) n LEFT JOIN clientele.lane_checkpoints c ON c.lane = a_lane[n]
         WHERE (c.epoch = a_epoch[n] AND c.incarnation IS NOT DISTINCT FROM a_from_incarnation[n]
           AND c.sequence IS NOT DISTINCT FROM a_from_sequence[n]) IS NOT TRUE
      ) elsewhere;
    v_doubt := v_doubt OR cardinality(v_stale) + cardinality(v_ended) > 0;
  END IF;

  v_last := v_head + coalesce(cardinality(e_id), 0);
  v_stored := array_fill(false, ARRAY[coalesce(cardinality(w_unit), 0)]);

  -- From here on w_expected is the version that each stream has, and w_before counts only events that will be stored.
  IF v_doubt THEN
    SELECT coalesce(array_agg(n ORDER BY n), '{}'), coalesce(array_agg(k.aggregate_id ORDER BY n), '{}') INTO v_misled, v_owner
      FROM generate_subscripts(m_unit, 1) n CROSS JOIN LATERAL (
        SELECT aggregate_id FROM clientele.mappings WHERE source = m_source[n] AND entity = m_entity[n] AND external_id = m_external[n] OFFSET 0
      ) k
     WHERE k.aggregate_id <> m_aggregate[n];

    IF cardinality(s_unit) > 0 THEN
      SELECT coalesce(array_agg(n ORDER BY n), '{}') INTO v_moved
        FROM generate_subscripts(s_unit, 1) n LEFT JOIN LATERAL (
          SELECT outcome FROM clientele.ledger WHERE command_id = s_command[n] AND day = s_day[n] AND day = ANY (s_day) OFFSET 0
        ) k ON true
       WHERE k.outcome IS DISTINCT FROM s_from[n];
    END IF;

    SELECT coalesce(array_agg(actual), '{}'), coalesce(array_agg(conflict), '{}'), coalesce(array_agg(stored), '{}'),
           array_agg(first_position), array_agg(last_position), array_agg(version)
      INTO w_expected, v_conflict, v_stored, v_first, v_final, v_version
      FROM (
        SELECT coalesce(h.version, 0) AS actual, r.command_id IS NOT NULL AS stored, r.first_position, r.last_position, r.version,
               r.command_id IS NULL AND CASE w_expected[n]
                 WHEN -1 THEN false
                 WHEN -2 THEN h.version IS NULL
                 ELSE coalesce(h.version, 0) <> w_expected[n]
               END AS conflict
          FROM generate_subscripts(w_unit, 1) n
          LEFT JOIN LATERAL (SELECT * FROM clientele.heads WHERE stream_id = w_stream[n] OFFSET 0) h ON true
          LEFT JOIN LATERAL (
            SELECT * FROM clientele.append_results WHERE command_id = w_command[n] AND stream_id = w_stream[n] OFFSET 0
          ) r ON true
         ORDER BY n
      ) judged;

    SELECT coalesce(json_agg(json_build_object('unit', unit, 'status', status, 'write', first_conflict, 'actual', w_expected[first_conflict],
                                               'mapping', misled, 'aggregate', owner, 'settled', moved)), '[]'),
           coalesce(array_agg(unit), '{}')
      INTO v_verdicts, v_refused
      FROM (
        SELECT n AS unit, w.first_conflict, m.nth AS misled, m.owner, s.nth AS moved, CASE
                 WHEN n = ANY (v_stale) THEN 'stale_lane'
                 WHEN n = ANY (v_ended) THEN CASE WHEN coalesce(w.all_stored, true) THEN 'done' ELSE 'stale_lane' END
                 WHEN coalesce(n <> ALL (a_unit), true) AND w.all_stored THEN 'done'
                 WHEN s.nth IS NOT NULL THEN 'settled_meanwhile'
                 WHEN m.nth IS NOT NULL THEN 'mapping_conflict'
                 WHEN w.first_conflict IS NOT NULL THEN 'conflict'
               END AS status
          FROM generate_series(1, units) n
          LEFT JOIN (
            SELECT w_unit[nth] AS unit, bool_and(v_stored[nth]) AS all_stored, min(nth) FILTER (WHERE v_conflict[nth]) AS first_conflict
              FROM generate_subscripts(w_unit, 1) nth GROUP BY 1
          ) w ON w.unit = n
          LEFT JOIN LATERAL (
            SELECT v_misled[i] AS nth, v_owner[i] AS owner FROM generate_subscripts(v_misled, 1) i WHERE m_unit[v_misled[i]] = n ORDER BY i LIMIT 1
          ) m ON true
          LEFT JOIN LATERAL (SELECT min(nth) AS nth FROM unnest(v_moved) AS nth WHERE s_unit[nth] = n) s ON true
      ) judged
     WHERE status IS NOT NULL;

    SELECT coalesce(array_agg(refused), '{}'), coalesce(array_agg(drawn - w_events[n]), '{}'), v_head + coalesce(max(drawn), 0),
           json_build_object(
             'first', array_agg(CASE WHEN v_stored[n] THEN v_first[n] ELSE v_head + drawn - w_events[n] + 1 END),
             'last', array_agg(CASE WHEN v_stored[n] THEN v_final[n] ELSE v_head + drawn END),
             'version', array_agg(CASE WHEN v_stored[n] THEN v_version[n] ELSE w_expected[n] + w_events[n] END),
             'repeated', array_agg(v_stored[n])
           )
      INTO v_stored, w_before, v_last, v_answer
      FROM (
        SELECT n, refused, sum(CASE WHEN refused THEN 0 ELSE w_events[n] END) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) AS drawn
          FROM (SELECT n, v_stored[n] OR w_unit[n] = ANY (v_refused) AS refused FROM generate_subscripts(w_unit, 1) n) judged
         ORDER BY n
      ) redrawn;
  END IF;

  IF v_head + v_entries >= v_partitioned_to THEN
    PERFORM clientele.ensure_event_partitions(v_head + v_entries);
  END IF;

  IF cardinality(w_unit) > 0 THEN
    -- fault: heads
    -- Counted is what moved from where it was expected, and what began where nothing was expected.
    WITH moved AS (
      INSERT INTO clientele.heads AS h (stream_id, stream_type, version, first_position, last_position)
      SELECT w_stream[n], w_type[n], w_expected[n] + w_events[n], v_head + w_before[n] + 1, v_head + w_before[n] + w_events[n]
        FROM generate_subscripts(w_unit, 1) n WHERE NOT v_stored[n]
      ON CONFLICT (stream_id) DO UPDATE SET version = excluded.version, last_position = excluded.last_position
       WHERE h.version = excluded.version - (excluded.last_position - excluded.first_position + 1)
      RETURNING first_position <= v_head OR version = last_position - first_position + 1 AS as_expected
    )
    SELECT count(*) FILTER (WHERE as_expected) INTO v_made FROM moved;
    IF v_made <> cardinality(array_positions(v_stored, false)) THEN
      RAISE EXCEPTION 'a stream is not at the expected version' USING ERRCODE = 'CL001';
    END IF;

    -- fault: append_results
    INSERT INTO clientele.append_results (command_id, stream_id, first_position, last_position, version, recorded_at)
    SELECT w_command[n], w_stream[n], v_head + w_before[n] + 1, v_head + w_before[n] + w_events[n], w_expected[n] + w_events[n], v_now
      FROM generate_subscripts(w_unit, 1) n WHERE NOT v_stored[n];

    -- fault: events
    INSERT INTO clientele.events (position, id, kind, stream_id, stream_type, version, type, schema_version, data, personal, metadata,
                                  occurred_at, recorded_at)
    SELECT v_head + w_before[e_write[n]] + e_nth[n], e_id[n], 'event', w_stream[e_write[n]], w_type[e_write[n]],
           w_expected[e_write[n]] + e_nth[n], e_type[n], e_schema[n], e_data[n], e_personal[n], e_metadata[n], e_occurred[n], v_now
      FROM generate_subscripts(e_id, 1) n WHERE NOT v_stored[e_write[n]];
  END IF;

  IF cardinality(o_unit) > 0 THEN
    -- fault: outcomes
    INSERT INTO clientele.events (position, id, kind, type, schema_version, data, personal, metadata, recorded_at)
    SELECT v_last + row_number() OVER (ORDER BY n), o_id[n], 'outcome', o_type[n], schema_of_outcomes, o_data[n], o_personal[n], o_metadata[n], v_now
      FROM generate_subscripts(o_unit, 1) n WHERE o_unit[n] <> ALL (v_refused);
    GET DIAGNOSTICS v_made = ROW_COUNT;
    v_last := v_last + v_made;
  END IF;

  -- What was refused draws no positions.
  IF v_last < v_head + v_entries THEN
    -- fault: log_head
    UPDATE clientele.log_head SET position = v_last;
  END IF;

  IF cardinality(m_unit) > 0 THEN
    -- fault: mappings
    INSERT INTO clientele.mappings (source, entity, external_id, aggregate_id, linked_at, linked_by)
    SELECT m_source[n], m_entity[n], m_external[n], m_aggregate[n], v_now, m_linked_by[n]
      FROM generate_subscripts(m_unit, 1) n WHERE m_unit[n] <> ALL (v_refused)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_made = ROW_COUNT;
    IF v_made < cardinality(m_unit) THEN
      -- One that is there already may be the same.
      IF EXISTS (
        SELECT FROM generate_subscripts(m_unit, 1) n CROSS JOIN LATERAL (
          SELECT aggregate_id FROM clientele.mappings WHERE source = m_source[n] AND entity = m_entity[n] AND external_id = m_external[n] OFFSET 0
        ) k
         WHERE m_unit[n] <> ALL (v_refused) AND k.aggregate_id <> m_aggregate[n]
      ) THEN
        RAISE EXCEPTION 'a key belongs to another aggregate' USING ERRCODE = 'CL001';
      END IF;
    END IF;
  END IF;

  -- The primary key refuses a second row of a command: whoever asks for one has a bug, and nothing of the group is stored.
  IF cardinality(l_unit) > 0 THEN
    -- fault: ledger
    INSERT INTO clientele.ledger (command_id, day, command_type, provider, source, outcome, reason, errors, aggregate_id, received_at,
                                  decided_at, payload, entity, external_id, next_attempt_at, attempts)
    SELECT l_command[n], l_day[n], l_type[n], l_provider[n], l_source[n], l_outcome[n], l_reason[n], l_errors[n], l_aggregate[n],
           l_received[n], v_now, l_payload[n], l_entity[n], l_external[n], l_next[n], coalesce(l_attempts[n], 0)
      FROM generate_subscripts(l_unit, 1) n WHERE l_unit[n] <> ALL (v_refused);
  END IF;

  -- A row that goes on waiting keeps its place in lists, which is by when it was decided, and its payload unless there is another.
  IF cardinality(s_unit) > 0 THEN
    -- fault: ledger_edits
    INSERT INTO clientele.ledger_edits (command_id, day, edited_at, editor, reason, payload)
    SELECT s_command[n], s_day[n], v_now, s_editor[n], s_edit_reason[n], k.payload
      FROM generate_subscripts(s_unit, 1) n CROSS JOIN LATERAL (
        SELECT payload FROM clientele.ledger WHERE command_id = s_command[n] AND day = s_day[n] AND day = ANY (s_day) OFFSET 0
      ) k
     WHERE s_editor[n] IS NOT NULL AND s_unit[n] <> ALL (v_refused);

    -- fault: resettled
    UPDATE clientele.ledger l
       SET (outcome, reason, errors, aggregate_id, decided_at, next_attempt_at, attempts, payload) = (
             SELECT s_outcome[n], s_reason[n], s_errors[n], coalesce(s_aggregate[n], l.aggregate_id),
                    CASE WHEN s_outcome[n] = l.outcome THEN l.decided_at ELSE v_now END, s_next[n], s_attempts[n],
                    CASE WHEN s_outcome[n] IN ('parked', 'quarantined') THEN coalesce(s_payload[n], l.payload) ELSE s_payload[n] END
               FROM array_position(s_command, l.command_id) n
           )
     WHERE command_id = ANY (s_command) AND day = ANY (s_day) AND outcome = s_from[array_position(s_command, command_id)]
       AND s_unit[array_position(s_command, command_id)] <> ALL (v_refused);
    GET DIAGNOSTICS v_made = ROW_COUNT;
    IF v_made <> (SELECT count(*) FROM unnest(s_unit) AS unit WHERE unit <> ALL (v_refused)) THEN
      RAISE EXCEPTION 'a command does not wait any longer' USING ERRCODE = 'CL001';
    END IF;
  END IF;

  -- A repeat whose row expired meanwhile is counted all the same, without its source.
  IF cardinality(r_unit) > 0 THEN
    -- fault: repeats
    WITH found AS (
      UPDATE clientele.ledger SET repeats = repeats + r_count[array_position(r_command, command_id)]
       WHERE command_id = ANY (r_command) AND day = ANY (r_day) AND r_unit[array_position(r_command, command_id)] <> ALL (v_refused)
      RETURNING coalesce(source, '') AS source, r_count[array_position(r_command, command_id)] AS n
    ), again AS (
      SELECT source, n FROM found
      UNION ALL SELECT '', r_count[n] FROM generate_subscripts(r_unit, 1) n WHERE r_unit[n] <> ALL (v_refused)
      UNION ALL SELECT '', -n FROM found
    )
    INSERT INTO clientele.accepted_counts AS c (source, repeats)
    SELECT source, sum(n) FROM again GROUP BY source HAVING sum(n) > 0 ORDER BY source
    ON CONFLICT (source) DO UPDATE SET repeats = c.repeats + excluded.repeats;
  END IF;

  IF cardinality(a_unit) > 0 THEN
    -- fault: lane_checkpoints
    UPDATE clientele.lane_checkpoints c
       SET incarnation = a_to_incarnation[n], sequence = a_to_sequence[n], pending = a_pending[n], moved_at = v_now
      FROM generate_subscripts(a_unit, 1) n WHERE c.lane = a_lane[n] AND a_unit[n] <> ALL (v_refused);

    -- fault: lane_publishers
    INSERT INTO clientele.lane_publishers AS p (lane, publisher, next_number, moved_at)
    SELECT p_lane[n], p_publisher[n], p_next[n], v_now FROM generate_subscripts(p_unit, 1) n WHERE p_unit[n] <> ALL (v_refused)
    ON CONFLICT (lane, publisher) DO UPDATE SET next_number = excluded.next_number, moved_at = excluded.moved_at;

    -- fault: accepted_counts
    INSERT INTO clientele.accepted_counts AS c (source, accepted, lost)
    SELECT c_source[n], sum(c_accepted[n]), sum(c_lost[n]) FROM generate_subscripts(c_unit, 1) n
     WHERE c_unit[n] <> ALL (v_refused) GROUP BY 1 ORDER BY 1
    ON CONFLICT (source) DO UPDATE SET accepted = c.accepted + excluded.accepted, lost = c.lost + excluded.lost;
  END IF;

  -- The latest `since` and the most urgent lane win. What is asked for again and again is put off by no more than a minute, lest it is never
  -- read; what failed keeps its own pace; what was given up is taken up again for something later only.
  IF cardinality(q_unit) > 0 THEN
    -- fault: reads
    INSERT INTO clientele.reads AS r (source, entity, external_id, provider, reason, lane, since, not_before, requested_at)
    SELECT source, entity, external_id, (array_agg(provider ORDER BY since DESC))[1], (array_agg(reason ORDER BY lane, since DESC))[1], min(lane),
           max(since), (array_agg(not_before ORDER BY since DESC))[1], v_now
      FROM (
        SELECT q_source[n] AS source, q_entity[n] AS entity, q_external[n] AS external_id, q_provider[n] AS provider, q_reason[n] AS reason,
               q_lane[n] AS lane, q_since[n] COLLATE "C" AS since, q_not_before[n] AS not_before
          FROM generate_subscripts(q_unit, 1) n WHERE q_unit[n] <> ALL (v_refused)
      ) asked
     GROUP BY 1, 2, 3
    ON CONFLICT (source, entity, external_id) DO UPDATE SET
      provider = excluded.provider,
      reason = CASE WHEN r.state = 'given_up' OR excluded.lane < r.lane OR (excluded.lane = r.lane AND excluded.since > r.since)
                    THEN excluded.reason ELSE r.reason END,
      lane = CASE WHEN r.state = 'given_up' THEN excluded.lane ELSE least(r.lane, excluded.lane) END,
      since = greatest(r.since, excluded.since),
      not_before = CASE WHEN r.state = 'given_up' THEN excluded.not_before
                        WHEN excluded.since > r.since
                        THEN greatest(r.not_before, least(excluded.not_before, r.requested_at + interval '1 minute'))
                        ELSE r.not_before END,
      requested_at = CASE WHEN r.state = 'given_up' THEN excluded.requested_at ELSE r.requested_at END,
      attempts = CASE WHEN r.state = 'given_up' THEN 0 ELSE r.attempts END,
      state = CASE WHEN r.state = 'given_up' THEN 'open' ELSE r.state END
     WHERE excluded.since > r.since OR (excluded.lane < r.lane AND r.state <> 'given_up');
  END IF;

  -- After what was asked for in the same unit, which a reading may answer too. One that was taken for an answer that is not late enough is open
  -- again: in 5 seconds, or 5 seconds after its `since`.
  IF cardinality(d_unit) > 0 THEN
    -- fault: readings
    SELECT array_agg(spot) FILTER (WHERE answered), array_agg(spot) FILTER (WHERE NOT answered AND state = 'taken') INTO v_answered, v_unanswered
      FROM generate_subscripts(d_unit, 1) n CROSS JOIN LATERAL (
        SELECT ctid AS spot, state, since < d_from[n] COLLATE "C" AS answered FROM clientele.reads
         WHERE source = d_source[n] AND entity = d_entity[n] AND external_id = d_external[n] OFFSET 0 FOR UPDATE
      ) k
     WHERE d_unit[n] <> ALL (v_refused);
    -- Found and locked first, since only a later statement sees a row that somebody changed while this one waited for it.
    IF v_answered IS NOT NULL THEN
      DELETE FROM clientele.reads WHERE ctid = ANY (v_answered);
    END IF;
    IF v_unanswered IS NOT NULL THEN
      UPDATE clientele.reads SET state = 'open', attempts = 0, taken_at = NULL, taken_until = NULL, requested_at = v_now, last_error = NULL,
             not_before = greatest(not_before, v_now + interval '5 seconds', to_timestamp(left(since, 15)::bigint / 1000.0) + interval '5 seconds')
       WHERE ctid = ANY (v_unanswered);
    END IF;
  END IF;

  IF cardinality(n_unit) > 0 THEN
    -- fault: plans
    INSERT INTO clientele.plans (id, kind, source, provider, entity, cause, params, requested_by)
    SELECT n_id[n], n_plan[n] ->> 'kind', n_plan[n] ->> 'source', n_plan[n] ->> 'provider', n_plan[n] ->> 'entity', n_plan[n] ->> 'cause',
           n_plan[n] -> 'params', n_plan[n] ->> 'requestedBy'
      FROM generate_subscripts(n_unit, 1) n WHERE n_unit[n] <> ALL (v_refused)
    ON CONFLICT (id) DO NOTHING;
  END IF;

  -- fault: end
  IF v_doubt THEN
    RETURN json_build_object('head', v_head, 'writes', v_answer, 'refused', v_verdicts);
  END IF;
  RETURN json_build_object('head', v_head);
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clientele.append_group FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clientele.append_group TO clientele_command;
