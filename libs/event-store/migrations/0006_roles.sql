-- Roles belong to the whole server: another database's migration may be making them at this moment.
DO $$
DECLARE v_role text;
BEGIN
  FOREACH v_role IN ARRAY ARRAY['clientele_command', 'clientele_log_reader'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = v_role);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
END $$;
--> statement-breakpoint
-- The new owner of a lane tells its epoch, in the transaction that takes the lease: from then on a commit under an older one is refused.
-- False, and nothing done, where a newer one was told before.
CREATE FUNCTION clientele.fence_lane(p_lane text, p_epoch bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH told AS (
    INSERT INTO clientele.lane_checkpoints AS c (lane, epoch) VALUES (p_lane, p_epoch)
    ON CONFLICT (lane) DO UPDATE SET epoch = excluded.epoch WHERE c.epoch <= excluded.epoch
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM told);
$$;
--> statement-breakpoint
-- Functions run as their owner; a role has them and what it reads, not the tables behind them.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA clientele FROM PUBLIC;
GRANT USAGE ON SCHEMA clientele, published TO clientele_command;
GRANT EXECUTE ON FUNCTION clientele.append_group, clientele.load_known, clientele.read_streams, clientele.fence_lane, clientele.maintain
  TO clientele_command;
GRANT SELECT ON clientele.log_head, clientele.lane_checkpoints, clientele.lane_publishers, clientele.ledger TO clientele_command;
GRANT SELECT, UPDATE ON clientele.relay_state TO clientele_command;
GRANT SELECT, INSERT, UPDATE, DELETE ON clientele.leases, clientele.lease_members TO clientele_command;
GRANT SELECT ON ALL TABLES IN SCHEMA published TO clientele_command;
--> statement-breakpoint
GRANT USAGE ON SCHEMA published TO clientele_log_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA published TO clientele_log_reader;
