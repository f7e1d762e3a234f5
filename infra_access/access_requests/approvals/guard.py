"""The database's own refusal of one person deciding alone where two are needed.

It looks at the rows that are marked so, whatever wrote them: the last of a subject that is to be given needs a yes of
somebody else. PostgreSQL's trigger locks the subject first, as every command does, so that of two at once the later
sees the earlier. A batch migration on SQLite drops triggers with the table it rebuilds, so they are set anew after
every upgrade.
"""

from sqlalchemy import Connection, inspect

from infra_access.access_requests.vocabularies import UNGIVEN, ApprovalState

TWO_PEOPLE_GUARD = "approval_two_people"

_STILL_OPEN = ", ".join(f"'{state.value}'" for state in (*UNGIVEN, ApprovalState.CHANGES_REQUESTED))
_BESIDE = (
    "SELECT 1 FROM approval AS other WHERE other.subject_kind = NEW.subject_kind "
    "AND other.subject_id = NEW.subject_id AND other.id <> COALESCE(NEW.id, -1) AND other.two_people"
)
_ALONE = (
    f"EXISTS ({_BESIDE} AND other.state = 'approved' AND other.decided_by_id = NEW.decided_by_id) "
    f"AND NOT EXISTS ({_BESIDE} AND (other.state IN ({_STILL_OPEN}) "
    "OR (other.state = 'approved' AND other.decided_by_id <> NEW.decided_by_id)))"
)
_WHEN = "NEW.state = 'approved' AND NEW.two_people"

_EVENTS = {
    f"{TWO_PEOPLE_GUARD}_insert": "BEFORE INSERT ON approval",
    f"{TWO_PEOPLE_GUARD}_update": "BEFORE UPDATE OF state, decided_by_id ON approval",
}
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {TWO_PEOPLE_GUARD}() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
    IF NEW.subject_kind = 'booking' THEN
        PERFORM 1 FROM booking WHERE id = NEW.subject_id FOR NO KEY UPDATE;
    ELSE
        PERFORM 1 FROM access_request WHERE id = NEW.subject_id FOR NO KEY UPDATE;
    END IF;
    IF {_ALONE} THEN
        RAISE EXCEPTION 'one person would decide alone where two are needed'
            USING ERRCODE = 'check_violation', CONSTRAINT = '{TWO_PEOPLE_GUARD}';
    END IF;
    RETURN NEW;
END
$guard$
"""


def install(connection: Connection) -> None:
    """Set the guard anew; where the table has no such mark yet, there is nothing to guard."""
    if not any(column["name"] == "two_people" for column in inspect(connection).get_columns("approval")):
        return
    remove(connection)
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql(_FUNCTION)
    for name, when in _EVENTS.items():
        body = f"EXECUTE FUNCTION {TWO_PEOPLE_GUARD}()"
        if sqlite:
            body = f"BEGIN SELECT CASE WHEN {_ALONE} THEN RAISE(ABORT, 'guard:{TWO_PEOPLE_GUARD}') END; END"
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {when} FOR EACH ROW WHEN ({_WHEN}) {body}")


def remove(connection: Connection) -> None:
    """Drop the guard, before a downgrade drops the mark that it reads."""
    sqlite = connection.dialect.name == "sqlite"
    for name in _EVENTS:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}" + ("" if sqlite else " ON approval"))
    if not sqlite:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {TWO_PEOPLE_GUARD}()")
