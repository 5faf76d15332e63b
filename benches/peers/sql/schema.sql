-- The peers' tables and :interviews interviews, the same rows at every run. Read by psql with -v interviews=N.
CREATE TABLE drivers (id bigint PRIMARY KEY, title text NOT NULL, image text, phone_number text);
CREATE TABLE interviewees (id bigint PRIMARY KEY, kind text NOT NULL,
  driver_id bigint NOT NULL REFERENCES drivers, updated_at timestamptz NOT NULL);
CREATE TABLE interviewers (id bigint PRIMARY KEY, title text NOT NULL, image text, contact_phone_number text);
CREATE TABLE interviews (id bigint PRIMARY KEY, kind text NOT NULL, status text NOT NULL,
  start_at timestamptz NOT NULL, end_at timestamptz NOT NULL,
  amend_start_at timestamptz, amend_end_at timestamptz, amended_by text, location text,
  interviewee_id bigint NOT NULL REFERENCES interviewees, interviewer_id bigint NOT NULL REFERENCES interviewers,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);

INSERT INTO drivers SELECT i, 'Driver ' || i,
  CASE WHEN i % 4 > 0 THEN 'https://cdn.example.test/drivers/' || md5('d' || i) || '.jpg' END,
  CASE WHEN i % 10 > 0 THEN '+1555' || lpad((i * 7919 % 10000000)::text, 7, '0') END
FROM generate_series(1, 20000) i;

INSERT INTO interviewees SELECT i, CASE WHEN i % 3 = 0 THEN 'VERIFIED' ELSE 'INTERVIEW' END, i * 7 % 20000 + 1,
  timestamptz '2026-01-01 00:00Z' + i * interval '37 seconds'
FROM generate_series(1, 20000) i;

INSERT INTO interviewers SELECT i, 'Interviewer ' || i,
  CASE WHEN i % 5 > 0 THEN 'https://cdn.example.test/staff/' || md5('s' || i) || '.jpg' END,
  '+1666' || lpad((i * 104729 % 10000000)::text, 7, '0')
FROM generate_series(1, 500) i;

-- Every interviewer has one interview an hour. It lasts 40 minutes and starts at a minute that depends on the
-- interviewer, at most 14. So an interview that is moved by 10 minutes does not reach the next one.
INSERT INTO interviews
SELECT i, (ARRAY['PHONE_CALL', 'IN_PERSON', 'VIDEO_CALL'])[i % 3 + 1],
  (ARRAY['CANCELLED', 'COMPLETED', 'SCHEDULED', 'SCHEDULED', 'PENDING'])[i % 5 + 1],
  start_at, start_at + interval '40 minutes',
  CASE WHEN i % 8 = 0 THEN start_at + interval '1 day' END,
  CASE WHEN i % 8 = 0 THEN start_at + interval '1 day 40 minutes' END,
  CASE WHEN i % 8 = 0 THEN 'INTERVIEWEE' END,
  CASE WHEN i % 6 > 0 THEN 'Room ' || i % 97 || ', Building ' || i % 11 END,
  i * 7919 % 20000 + 1, interviewer_id,
  timestamptz '2026-01-01 00:00Z' + i * interval '11 seconds',
  timestamptz '2026-02-01 00:00Z' + i * interval '13 seconds'
FROM (
  SELECT i, interviewer_id, timestamptz '2026-03-01 00:00Z'
    + (i - 1) / 500 * interval '1 hour' + interviewer_id % 15 * interval '1 minute' AS start_at
  FROM (
    SELECT i, (i - 1) * 37 % 500 + 1 AS interviewer_id FROM generate_series(1::bigint, :interviews) i
  ) numbered
) slots;

CREATE INDEX ON interviews (start_at, id);
CREATE INDEX ON interviews (interviewee_id);
CREATE INDEX ON interviews (interviewer_id);
CREATE INDEX ON interviewees (driver_id);
VACUUM (FREEZE, ANALYZE);
