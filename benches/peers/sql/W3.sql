-- An interview starts at minute (interviewer_id % 15) of its hour and is moved by 0, 5 or 10 minutes from there.
\set id random(1, :interviews)
\set by random(0, 2) * 5
\set place random(1, 1000000)
WITH i AS (
  UPDATE interviews SET location = 'bench ' || (:place)::int, updated_at = now(),
    start_at = date_trunc('hour', start_at) + (interviewer_id % 15 + :by) * interval '1 minute',
    end_at = date_trunc('hour', start_at) + (interviewer_id % 15 + :by + 40) * interval '1 minute'
  WHERE id = :id RETURNING *)
SELECT i.*, e.kind, e.updated_at, d.*, r.*
FROM i
  JOIN interviewees e ON e.id = interviewee_id
  JOIN drivers d ON d.id = driver_id
  JOIN interviewers r ON r.id = interviewer_id;
