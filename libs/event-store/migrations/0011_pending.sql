-- Tells how many messages lie behind each lane's checkpoint, so that a lane that does not move shows. Only of lanes that did not move for
-- some seconds: who commits knows better, and is not waited for.
CREATE FUNCTION clientele.note_pending(p_lanes text[], p_pending bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH still AS (
    SELECT c.lane, told.pending FROM clientele.lane_checkpoints c JOIN unnest(p_lanes, p_pending) AS told (lane, pending) ON told.lane = c.lane
     WHERE c.moved_at < clock_timestamp() - interval '5 seconds' AND c.pending <> told.pending
       FOR NO KEY UPDATE OF c SKIP LOCKED
  )
  UPDATE clientele.lane_checkpoints c SET pending = still.pending FROM still WHERE c.lane = still.lane;
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clientele.note_pending FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clientele.note_pending TO clientele_command;
