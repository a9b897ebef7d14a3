-- One row each, and room in their page for the versions that a busy row leaves behind (fillfactor), so that updates stay in place.
INSERT INTO clientele.log_head DEFAULT VALUES;
--> statement-breakpoint
INSERT INTO clientele.relay_state DEFAULT VALUES;
--> statement-breakpoint
ALTER TABLE clientele.log_head SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE clientele.lane_checkpoints SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE clientele.lane_publishers SET (fillfactor = 50);
ALTER TABLE clientele.ledger_counts SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE clientele.accepted_counts SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE clientele.relay_state SET (fillfactor = 10);
ALTER TABLE clientele.heads SET (fillfactor = 80);
--> statement-breakpoint
-- Makes partitions of the log so that `up_to` has one; 5 million positions each. Attached, not created in place, because that lets readers
-- go on. Takes log_head's lock first, as the append does, so that the two never wait for each other.
CREATE FUNCTION clientele.ensure_event_partitions(up_to bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  size constant bigint := 5000000;
  v_from bigint;
  v_name text;
BEGIN
  SELECT partitioned_to INTO STRICT v_from FROM clientele.log_head FOR UPDATE;
  WHILE v_from <= up_to LOOP
    v_name := 'events_' || lpad((v_from / size)::text, 6, '0');
    EXECUTE format('CREATE TABLE clientele.%I (LIKE clientele.events INCLUDING ALL)', v_name);
    EXECUTE format('ALTER TABLE clientele.events ATTACH PARTITION clientele.%I FOR VALUES FROM (%s) TO (%s)', v_name, v_from, v_from + size);
    v_from := v_from + size;
    UPDATE clientele.log_head SET partitioned_to = v_from;
  END LOOP;
END $$;
--> statement-breakpoint
CREATE TABLE clientele.ledger_default PARTITION OF clientele.ledger DEFAULT;
--> statement-breakpoint
-- Gives each day from 16 days ago to 8 days ahead its partition. Rows of such a day that lie in the default partition move over. Works on
-- partitions, not on the ledger itself: the triggers that keep its counters do not see it.
CREATE FUNCTION clientele.ensure_ledger_partitions(today date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_day date;
  v_name text;
BEGIN
  FOR v_day IN SELECT today + n FROM generate_series(-15, 8) n LOOP
    v_name := 'ledger_' || to_char(v_day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('clientele.' || v_name) IS NOT NULL;
    EXECUTE format('CREATE TABLE clientele.%I (LIKE clientele.ledger INCLUDING ALL)', v_name);
    EXECUTE format('WITH moved AS (DELETE FROM clientele.ledger_default WHERE day = %L RETURNING *)
      INSERT INTO clientele.%I SELECT * FROM moved', v_day, v_name);
    EXECUTE format('ALTER TABLE clientele.ledger ATTACH PARTITION clientele.%I FOR VALUES FROM (%L) TO (%L)', v_name, v_day, v_day + 1);
  END LOOP;
END $$;
--> statement-breakpoint
-- Lets go of what is older than 15 days. Parked work moves to the default partition and stays. Again unseen by the counters: what expired
-- was accounted for.
CREATE FUNCTION clientele.expire_ledger(today date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_partition text;
BEGIN
  FOR v_partition IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'clientele.ledger'::regclass AND c.relname ~ '^ledger_\d{8}$'
       AND to_date(right(c.relname, 8), 'YYYYMMDD') < today - 15
  LOOP
    EXECUTE format('ALTER TABLE clientele.ledger DETACH PARTITION clientele.%I', v_partition);
    EXECUTE format('INSERT INTO clientele.ledger_default SELECT * FROM clientele.%I WHERE outcome = ''parked''', v_partition);
    EXECUTE format('DROP TABLE clientele.%I', v_partition);
  END LOOP;
  DELETE FROM clientele.ledger_default WHERE decided_at < today - 15 AND outcome <> 'parked';
END $$;
--> statement-breakpoint
-- What must be done now and then, by whoever comes first; the others of that moment leave it. Waits for no one longer than a moment, since
-- whoever writes the ledger would wait behind it.
CREATE FUNCTION clientele.maintain(today date DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')::date) RETURNS void
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
    PERFORM clientele.expire_ledger(today);
    -- By the index: ids begin with the day of their change, which is no later than that of the record (and those of another form with what
    -- no year begins with).
    DELETE FROM clientele.append_results
     WHERE (command_id < to_char(today - 15, 'YYYYMMDD') OR command_id >= '3') AND recorded_at < today - 15;
  END IF;
END $$;
--> statement-breakpoint
SELECT clientele.maintain();
