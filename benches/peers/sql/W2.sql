-- One random interview with its people.
\set id random(1, :interviews)
SELECT i.*, e.kind, e.updated_at, d.*, r.*
FROM interviews i
  JOIN interviewees e ON e.id = interviewee_id
  JOIN drivers d ON d.id = driver_id
  JOIN interviewers r ON r.id = interviewer_id
WHERE i.id = :id;
