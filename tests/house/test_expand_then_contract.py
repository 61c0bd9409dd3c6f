"""Migrations expand: the release before works on their schema, so that web processes and workers are replaced one by one.

What the release before still needs is taken away by a later migration, which says `CONTRACTS = "why nothing needs it any more"`.
"""

import ast
from pathlib import Path

import pytest

VERSIONS = sorted((Path(__file__).parents[2] / "migrations" / "versions").glob("*.py"))
TAKING_AWAY = {"drop_table", "drop_column", "rename_table"}


def upgrade_calls(source: str) -> list[ast.Call]:
    """Return every call in `upgrade` of a migration, unless the migration says that it contracts."""
    tree = ast.parse(source)
    assigned = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    if "CONTRACTS" in map(ast.unparse, assigned) or "down_revision = None" in source:
        return []
    [upgrade] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"]
    return [node for node in ast.walk(upgrade) if isinstance(node, ast.Call)]


def find_faults(source: str) -> list[str]:
    """Return what the release before could not live with."""
    faults = []
    for call in upgrade_calls(source):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        words = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if name in TAKING_AWAY:
            faults.append(name)
        if name == "alter_column" and (words.get("nullable") == "False" or {"new_column_name", "type_"} & set(words)):
            faults.append("alter_column")
        if name == "add_column" and "nullable=False" in ast.unparse(call) and "server_default" not in ast.unparse(call):
            faults.append("add_column without a default")
        if name == "execute" and any(
            word in ast.unparse(call).upper() for word in (" DROP COLUMN", " RENAME ", "DROP TABLE")
        ):
            faults.append("execute")
    return faults


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_the_release_before_can_live_with_every_migration(path: Path) -> None:
    assert find_faults(path.read_text()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "op.drop_table('a')",
        "op.drop_column('a', 'b')",
        "op.rename_table('a', 'b')",
        "op.alter_column('a', 'b', nullable=False)",
        "op.alter_column('a', 'b', new_column_name='c')",
        "op.add_column('a', sa.Column('b', sa.Text(), nullable=False))",
        "op.execute('ALTER TABLE a DROP COLUMN b')",
    ],
)
def test_what_takes_away_is_noticed(statement: str) -> None:
    source = f"down_revision = 'x'\ndef upgrade():\n    {statement}\n"
    assert len(find_faults(source)) == 1
    assert find_faults("CONTRACTS = 'Nothing has read it since 1.4.'\n" + source) == []


def test_what_adds_is_fine() -> None:
    added = "op.add_column('a', sa.Column('b', sa.Text(), nullable=False, server_default='x'))"
    assert find_faults(f"down_revision = 'x'\ndef upgrade():\n    op.create_table('c')\n    {added}\n") == []
