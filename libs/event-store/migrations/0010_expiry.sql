-- Retention in steps that each end soon, however much fell due: making partitions, dropping them, and deleting rows a few thousand at a time.
-- What one step cannot do today, the others do all the same.
CREATE INDEX ledger_default_expiry ON clientele.ledger_default (decided_at) WHERE outcome <> 'parked';
--> statement-breakpoint
-- What must be there before it is needed, made by whoever comes first; the others of that moment leave it. Waits for no one longer than a
-- moment, since whoever writes the ledger would wait behind it.
CREATE OR REPLACE FUNCTION clientele.maintain(today date DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')::date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  v_needed bigint;
  v_made bigint;
BEGIN
  IF pg_try_advisory_xact_lock(hashtext('clientele.maintain')) THEN
    -- First, for it locks log_head, and the append too takes that lock before the ledger's. Nearly always there is nothing to do.
    SELECT position + 2500000, partitioned_to INTO STRICT v_needed, v_made FROM clientele.log_head;
    IF v_needed >= v_made THEN
      PERFORM clientele.ensure_event_partitions(v_needed);
    END IF;
    PERFORM clientele.ensure_ledger_partitions(today);
  END IF;
END $$;
--> statement-breakpoint
-- Drops the days older than 15. Parked work moves to the default partition and stays. Unseen by the counters: what expired was accounted for.
CREATE OR REPLACE FUNCTION clientele.expire_ledger(today date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  v_partition text;
BEGIN
  IF pg_try_advisory_xact_lock(hashtext('clientele.maintain')) THEN
    FOR v_partition IN
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'clientele.ledger'::regclass AND c.relname ~ '^ledger_\d{8}$'
         AND to_date(right(c.relname, 8), 'YYYYMMDD') < today - 15
    LOOP
      EXECUTE format('ALTER TABLE clientele.ledger DETACH PARTITION clientele.%I', v_partition);
      EXECUTE format('INSERT INTO clientele.ledger_default SELECT * FROM clientele.%I WHERE outcome = ''parked''', v_partition);
      EXECUTE format('DROP TABLE clientele.%I', v_partition);
    END LOOP;
  END IF;
END $$;
--> statement-breakpoint
-- Deletes at most so many rows older than 15 days that have no partition of their day. Answers how many.
CREATE FUNCTION clientele.expire_ledger_default(today date, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  v_deleted integer;
BEGIN
  DELETE FROM clientele.ledger_default WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM clientele.ledger_default WHERE decided_at < today - 15 AND outcome <> 'parked' ORDER BY decided_at LIMIT at_most
  ));
  GET DIAGNOSTICS v_deleted = ROW_COUNT;
  RETURN v_deleted;
END $$;
--> statement-breakpoint
-- Looks at so many append results before a place (null: from the start) and deletes those older than 15 days. By the index, falling: ids
-- begin with the day of their change, which is no later than that of the record (and those of another form with what no year begins with).
-- Falling, because then old changes that came in late, and are not due, lie behind what is. Fewer looked at than asked for: that was all.
CREATE FUNCTION clientele.expire_append_results(
  today date, before_command text, before_stream uuid, at_most integer, OUT looked integer, OUT last_command text, OUT last_stream uuid
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET max_parallel_workers_per_gather = 0
AS $$
DECLARE
  v_rows tid[];
BEGIN
  WITH place AS (
    (SELECT a.ctid AS spot, a.* FROM clientele.append_results a
      WHERE command_id >= '3' AND (before_command IS NULL OR (command_id, stream_id) < (before_command, before_stream))
      ORDER BY command_id DESC, stream_id DESC LIMIT at_most)
    UNION ALL
    (SELECT a.ctid, a.* FROM clientele.append_results a
      WHERE command_id < to_char(today - 15, 'YYYYMMDD')
        AND (before_command IS NULL OR (command_id, stream_id) < (before_command, before_stream))
      ORDER BY command_id DESC, stream_id DESC LIMIT at_most)
    LIMIT at_most
  ), numbered AS (
    SELECT place.*, row_number() OVER () AS nth FROM place
  )
  SELECT count(*), array_agg(spot) FILTER (WHERE recorded_at < today - 15),
         (array_agg(command_id ORDER BY nth DESC))[1], (array_agg(stream_id ORDER BY nth DESC))[1]
    INTO looked, v_rows, last_command, last_stream FROM numbered;
  DELETE FROM clientele.append_results WHERE ctid = ANY (v_rows) AND recorded_at < today - 15;
END $$;
--> statement-breakpoint
-- Deletes at most so many numbers of publishers that a lane has not heard of for 30 days: each start of a publisher is another one, and an
-- owner of the lane loads all. A lane's latest 100 stay, so that who seldom speaks there is not forgotten while it lives.
CREATE FUNCTION clientele.expire_lane_publishers(today date, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_deleted integer;
BEGIN
  DELETE FROM clientele.lane_publishers WHERE (lane, publisher) IN (
    SELECT lane, publisher
      FROM (SELECT lane, publisher, moved_at, row_number() OVER (PARTITION BY lane ORDER BY moved_at DESC) AS nth FROM clientele.lane_publishers) ranked
     WHERE nth > 100 AND moved_at < today - 30 LIMIT at_most
  ) AND moved_at < today - 30;
  GET DIAGNOSTICS v_deleted = ROW_COUNT;
  RETURN v_deleted;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clientele.expire_ledger_default, clientele.expire_append_results, clientele.expire_lane_publishers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  clientele.expire_ledger, clientele.expire_ledger_default, clientele.expire_append_results, clientele.expire_lane_publishers TO clientele_command;
