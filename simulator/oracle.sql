-- What a right sync gives, from the rows that are served. The numbers are those of the rules of the domain.
-- `question` holds one row: the date and the settings that are asked about; `rewrite` old and new e-mail domains.

-- Rows that are taken. The others are set aside: without an id or with one that is too long, CSV headers read
-- as records, guardians, dates that cannot be read, enrollments without a class, a user or a role that counts;
-- an id that is too long names nothing.

CREATE TEMP TABLE good_org AS
SELECT * FROM orgs
WHERE trimmed(sourced_id) NOT IN ('', 'sourcedId') AND length(sourced_id) <= 255;

CREATE TEMP TABLE good_session AS
SELECT *, day(start_date) AS first_day, day(end_date) AS last_day FROM academic_sessions
WHERE trimmed(sourced_id) NOT IN ('', 'sourcedId') AND length(sourced_id) <= 255
  AND day(start_date) <> 'unreadable' AND day(end_date) <> 'unreadable';

CREATE TEMP TABLE good_course AS
SELECT * FROM courses
WHERE trimmed(sourced_id) NOT IN ('', 'sourcedId') AND length(sourced_id) <= 255;

CREATE TEMP TABLE good_class AS
SELECT * FROM classes
WHERE trimmed(sourced_id) NOT IN ('', 'sourcedId') AND length(sourced_id) <= 255;

CREATE TEMP TABLE good_user AS
SELECT * FROM users
WHERE trimmed(sourced_id) NOT IN ('', 'sourcedId') AND length(sourced_id) <= 255
  AND lowered(role) NOT IN ('role', 'guardian', 'parent', 'relative');

CREATE TEMP TABLE good_enrollment AS
SELECT sourced_id, status, modified, class_id, user_id, lowered(role) AS kind,
  day(begin_date) AS first_day, day(end_date) AS day_after FROM enrollments
WHERE trimmed(sourced_id) NOT IN ('', 'sourcedId') AND length(sourced_id) <= 255
  AND length(trimmed(class_id)) BETWEEN 1 AND 255 AND length(trimmed(user_id)) BETWEEN 1 AND 255
  AND lowered(role) IN ('teacher', 'student', 'aide', 'proctor', 'administrator')
  AND day(begin_date) <> 'unreadable' AND day(end_date) <> 'unreadable';

-- 1.1: of rows with one id the one last modified counts, then the greatest. Active is 'active' or nothing.

CREATE TEMP TABLE session AS
SELECT *, lowered(status) IN ('', 'active') AS active FROM (
  SELECT *, row_number() OVER (PARTITION BY sourced_id ORDER BY
    julianday(modified) DESC NULLS LAST, modified DESC, title DESC, first_day DESC, last_day DESC) AS place
  FROM good_session) WHERE place = 1;
CREATE UNIQUE INDEX temp.session_id ON session (sourced_id);

CREATE TEMP TABLE course AS
SELECT *, lowered(status) IN ('', 'active') AS active FROM (
  SELECT *, row_number() OVER (PARTITION BY sourced_id ORDER BY
    julianday(modified) DESC NULLS LAST, modified DESC, title DESC, school_year DESC) AS place
  FROM good_course) WHERE place = 1;
CREATE UNIQUE INDEX temp.course_id ON course (sourced_id);

CREATE TEMP TABLE class AS
SELECT *, lowered(status) IN ('', 'active') AS active FROM (
  SELECT *, row_number() OVER (PARTITION BY sourced_id ORDER BY
    julianday(modified) DESC NULLS LAST, modified DESC, title DESC, class_code DESC, terms DESC) AS place
  FROM good_class) WHERE place = 1;
CREATE UNIQUE INDEX temp.class_id ON class (sourced_id);

CREATE TEMP TABLE enrollment AS
SELECT class_id, user_id, kind, lowered(status) IN ('', 'active') AS active,
  -- 1.4: it counts from its first day up to, not including, its last; blank is open.
  first_day <= (SELECT today FROM question)
    AND (day_after = '' OR (SELECT today FROM question) < day_after) AS counts
FROM (
  SELECT *, row_number() OVER (PARTITION BY sourced_id ORDER BY
    julianday(modified) DESC NULLS LAST, modified DESC, class_id DESC, user_id DESC, kind DESC) AS place
  FROM good_enrollment) WHERE place = 1;
CREATE INDEX temp.enrollment_of_class ON enrollment (class_id, kind);

CREATE TEMP TABLE listed AS
SELECT *, max(in_teachers) OVER (PARTITION BY sourced_id) AS is_teacher,
  max(in_students) OVER (PARTITION BY sourced_id) AS is_student,
  row_number() OVER (PARTITION BY sourced_id ORDER BY
    julianday(modified) DESC NULLS LAST, modified DESC, email DESC, family_name DESC, given_name DESC) AS place
FROM good_user WHERE in_teachers OR in_students;
CREATE INDEX temp.listed_id ON listed (sourced_id);

-- Enrolled teachers who are in no people collection are read one by one: 200 of them, in order of id, of whom
-- some exist nowhere.

CREATE TEMP TABLE looked_up AS
SELECT DISTINCT user_id FROM enrollment
WHERE active AND (kind = 'teacher' OR (kind IN ('aide', 'proctor') AND (SELECT aides FROM question)))
  AND user_id NOT IN (SELECT sourced_id FROM listed)
ORDER BY user_id LIMIT 200;

CREATE TEMP TABLE person AS
SELECT sourced_id, is_teacher, is_student, lowered(status) IN ('', 'active') AS active,
  lowered(enabled_user) <> 'false' AS enabled, lowered(email) AS raw_email, folded(family_name) AS family_name
FROM listed WHERE place = 1
UNION ALL
SELECT sourced_id, 0, 0, lowered(status) IN ('', 'active'), lowered(enabled_user) <> 'false', lowered(email),
  folded(family_name)
FROM (
  SELECT *, row_number() OVER (PARTITION BY sourced_id ORDER BY modified DESC, position DESC) AS place
  FROM good_user WHERE sourced_id IN (SELECT user_id FROM looked_up)) WHERE place = 1;
CREATE UNIQUE INDEX temp.person_id ON person (sourced_id);

-- 2.1: e-mails trimmed, in lower case, the domain rewritten; without a part on either side of the @ there is
-- none. 2.2: one that an active student record carries is never an owner's.

CREATE TEMP TABLE address AS
SELECT sourced_id,
  CASE WHEN local <> '' AND domain <> '' AND instr(raw_email, ' ') = 0
    THEN local || '@' || coalesce((SELECT new FROM rewrite WHERE old = domain), domain) ELSE '' END AS email
FROM (
  SELECT sourced_id, raw_email,
    -- What is left when everything but the last @ and what precedes it is taken away.
    substr(upto, 1, length(upto) - 1) AS local, substr(raw_email, length(upto) + 1) AS domain
  FROM (SELECT sourced_id, raw_email, rtrim(raw_email, replace(raw_email, '@', '')) AS upto FROM person)
  WHERE upto <> '');
CREATE UNIQUE INDEX temp.address_id ON address (sourced_id);

CREATE TEMP TABLE student_email AS
SELECT DISTINCT email FROM person JOIN address USING (sourced_id) WHERE is_student AND active AND email <> '';
CREATE UNIQUE INDEX temp.student_email_email ON student_email (email);

CREATE TEMP TABLE owner AS
SELECT sourced_id, email FROM person JOIN address USING (sourced_id)
WHERE active AND enabled AND email <> '' AND email NOT IN (SELECT email FROM student_email)
  AND (is_teacher OR sourced_id IN (SELECT user_id FROM looked_up));
CREATE UNIQUE INDEX temp.owner_id ON owner (sourced_id);

-- 1.5: a class's dates are those of its known terms, without any those of its course's school year.

CREATE TEMP TABLE class_term AS
SELECT class.sourced_id AS class_id, session.* FROM class, json_each(class.terms) AS term
JOIN session ON session.sourced_id = term.value;
CREATE INDEX temp.class_term_class ON class_term (class_id);

CREATE TEMP TABLE held AS
SELECT class_id, first_day, last_day FROM class_term WHERE active AND first_day <> '' AND last_day <> '';
INSERT INTO held
SELECT class.sourced_id, session.first_day, session.last_day FROM class
JOIN course ON course.sourced_id = class.course AND course.active
JOIN session ON session.sourced_id = course.school_year
WHERE session.active AND first_day <> '' AND last_day <> ''
  AND class.sourced_id NOT IN (SELECT class_id FROM held);

CREATE TEMP TABLE class_time AS
SELECT class_id,
  max(date(today, '+' || lead || ' days') >= first_day AND date(today, '-' || grace || ' days') <= last_day) AS current,
  max(date(today, '+' || lead || ' days') < first_day) AS future
FROM held, question GROUP BY class_id;
CREATE UNIQUE INDEX temp.class_time_id ON class_time (class_id);

-- 1.2: who teaches says the enrollment alone. 1.3: a member is enrolled as student, and in /students.

CREATE TEMP TABLE teaching AS
SELECT class_id, user_id, max(enrollment.counts) AS counts FROM enrollment
WHERE active AND (kind = 'teacher' OR (kind IN ('aide', 'proctor') AND (SELECT aides FROM question)))
GROUP BY class_id, user_id;
CREATE INDEX temp.teaching_class ON teaching (class_id);

CREATE TEMP TABLE member AS
SELECT DISTINCT class_id, user_id FROM enrollment JOIN person ON person.sourced_id = user_id
WHERE enrollment.active AND counts AND kind = 'student' AND person.active AND enabled AND is_student;
CREATE INDEX temp.member_class ON member (class_id);

CREATE TEMP TABLE class_people AS
SELECT class.sourced_id AS class_id,
  (SELECT count(*) FROM member WHERE member.class_id = class.sourced_id) AS members,
  EXISTS (SELECT 1 FROM teaching JOIN person ON person.sourced_id = user_id
    WHERE teaching.class_id = class.sourced_id AND counts AND active AND enabled) AS has_teacher,
  EXISTS (SELECT 1 FROM teaching JOIN owner ON owner.sourced_id = user_id
    WHERE teaching.class_id = class.sourced_id AND counts) AS has_owner
FROM class;
CREATE UNIQUE INDEX temp.class_people_id ON class_people (class_id);

-- 1.6: every class that yields no group is counted under the first reason, in this order.

CREATE TEMP TABLE outcome AS
SELECT class.sourced_id AS class_id,
  CASE
    WHEN NOT active THEN 'inactive'
    WHEN NOT coalesce(current, 1) AND future THEN 'term not begun'
    WHEN NOT coalesce(current, 1) THEN 'term over'
    WHEN NOT (SELECT homerooms FROM question) AND lowered(class_type) = 'homeroom' THEN 'homeroom'
    WHEN school IN (SELECT org FROM school_left_out) THEN 'school left out'
    WHEN members = 0 THEN 'no members'
    WHEN members > 5000 THEN 'too large'
    WHEN NOT has_teacher THEN 'no teacher'
    WHEN NOT has_owner THEN 'no owner'
    ELSE '' END AS reason
FROM class JOIN class_people ON class_people.class_id = class.sourced_id
LEFT JOIN class_time ON class_time.class_id = class.sourced_id;
CREATE UNIQUE INDEX temp.outcome_id ON outcome (class_id);

-- 3.2: names over all classes on which an owner is enrolled as teacher, ended and empty ones too. Equal names
-- get the first of period, location, class code and term that differs for all of them, else all of these.

CREATE TEMP TABLE copy AS
SELECT owner.email AS owner, class.sourced_id AS class_id, max(teaching.counts) AS counts,
  CASE WHEN trimmed(title) <> '' THEN trimmed(title) WHEN trimmed(class_code) <> '' THEN trimmed(class_code)
    ELSE 'Class' END AS title,
  coalesce((SELECT group_concat(trimmed(value), ', ') FROM json_each(periods)), '') AS period,
  trimmed(location) AS location, trimmed(class_code) AS code,
  coalesce(
    (SELECT trimmed(title) FROM class_term WHERE class_term.class_id = class.sourced_id AND trimmed(title) <> ''
      ORDER BY last_day DESC, first_day DESC, class_term.sourced_id DESC LIMIT 1),
    (SELECT trimmed(session.title) FROM course JOIN session ON session.sourced_id = course.school_year
      WHERE course.sourced_id = class.course), '') AS term
FROM teaching JOIN owner ON owner.sourced_id = teaching.user_id JOIN class ON class.sourced_id = teaching.class_id
GROUP BY owner.email, class.sourced_id;

CREATE TEMP TABLE told_apart AS
SELECT copy.*, folded(copy.title) AS key, alike, CASE
    WHEN alike = 1 THEN ''
    WHEN periods = alike THEN period
    WHEN locations = alike THEN location
    WHEN codes = alike THEN code
    WHEN terms = alike THEN term
    ELSE substr(CASE WHEN period <> '' THEN ', ' || period ELSE '' END
      || CASE WHEN location <> '' THEN ', ' || location ELSE '' END
      || CASE WHEN code <> '' THEN ', ' || code ELSE '' END
      || CASE WHEN term <> '' THEN ', ' || term ELSE '' END, 3) END AS addition
FROM copy JOIN (
  SELECT owner, folded(title) AS key, count(*) AS alike,
    count(DISTINCT CASE WHEN period <> '' THEN folded(period) END) AS periods,
    count(DISTINCT CASE WHEN location <> '' THEN folded(location) END) AS locations,
    count(DISTINCT CASE WHEN code <> '' THEN folded(code) END) AS codes,
    count(DISTINCT CASE WHEN term <> '' THEN folded(term) END) AS terms
  FROM copy GROUP BY owner, folded(title)) AS namesake
  ON namesake.owner = copy.owner AND namesake.key = folded(copy.title);

-- A name that is still another's gets part of a hash, which is not the oracle's matter: it says nothing then.
-- So with names that have to be cut.

CREATE TEMP TABLE named AS
SELECT owner, class_id, counts,
  CASE WHEN namesakes = 1 AND length(name) <= 200 AND length(addition) <= 100 THEN name END AS name
FROM (SELECT *, count(*) OVER (PARTITION BY owner, folded(name)) AS namesakes FROM (
  SELECT *, title || CASE WHEN addition <> '' THEN ' (' || addition || ')' ELSE '' END AS name FROM told_apart));
CREATE INDEX temp.named_class ON named (class_id);

CREATE TEMP TABLE yielded AS
SELECT owner, named.class_id, name FROM named JOIN outcome ON outcome.class_id = named.class_id
WHERE counts AND reason = '';
