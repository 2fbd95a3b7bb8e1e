"""The arguments of every command of `local_runner.py`.

They are read before anything is installed, so nothing that needs a package is imported here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from infra.local.usage import PROGRAM, Parser

#: These take their arguments as they are: the tool behind them knows what they mean.
PASSED_ON: Final = ("test", "check", "bench")
#: The parts of `bench`; the long ones take minutes, or a browser: only for those who ask.
BENCHES: Final = (
    *("latency", "pickup", "throughput", "engine", "queue", "archive", "streams"),
    *("scaling", "overrun", "tests", "verdicts", "seeing", "mixed", "page"),
)
LONG_BENCHES: Final = frozenset({"streams", "verdicts", "mixed", "page"})
#: Fields of `shared.tenants.TenantSettings` that are set along with a key.
TENANT_FLAGS: Final = {
    "weight": "its share of the slots beside other tenants (1 unless set)",
    "most_running": "submissions that run at the same time; 0: no cap",
    "most_waiting": "submissions that wait; 0: as the setting says",
    "most_streams": "event streams that are open; 0: as the setting says",
    "rate_per_minute": "requests per minute, of each key and of the tenant's sessions; 0: no limit",
    "retention_days": "days that what has ended is kept; 0: for ever",
}
_URL_HELP: Final = "where Assay serves; found by itself if it is here (key in ASSAY_KEY)"
_ROLES_HELP: Final = "of submit, read, admin, with commas"

Commands = argparse._SubParsersAction  # argparse has no public name for it


def read(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments; what is wrong with them is told, and ends with 2."""
    parsed, unknown = parser().parse_known_args(argv)
    if unknown:
        parsed.parser.refuse(unknown)
    return parsed


def parser() -> Parser:
    """The whole command line."""
    top = Parser(
        usage="[settings] [command] ...",
        description="Assay on one machine. Without a command it serves until Ctrl-C.",
        examples=(
            "",
            "--port 8080 --slots 4",
            "submit hello.py",
            "batch programs.ndjson --out results.ndjson",
            "problem import infra/catalogue",
        ),
        one="the answer is no (another verdict, something refused), or it cannot be done here",
    )
    commands = top.add_subparsers(
        title="commands", metavar="COMMAND", description="each has its own --help",
        parser_class=Parser,
    )  # fmt: skip
    _add_judging(commands)
    _add_problem(commands)
    _add_people(commands)
    _add_store(commands)
    _add_tools(commands)
    top.set_defaults(command="serve")
    top.add_settings()
    return top


def _new(
    commands: Commands[Parser],
    name: str,
    text: str,
    *,
    usage: str = "[settings]",
    more: str = "",
    examples: Sequence[str] = (),
    one: str = "",
) -> Parser:
    """One more command, or action of a command."""
    made: Parser = commands.add_parser(
        name.rpartition(" ")[2],
        help=text,
        prog=f"{PROGRAM} {name}",
        usage=usage,
        description=f"{text[:1].upper()}{text[1:]}.{more}",
        examples=examples,
        one=one,
    )
    made.set_defaults(command=name.partition(" ")[0])
    return made


def _add_judging(commands: Commands[Parser]) -> None:
    submit = _new(
        commands, "submit", "judge a program and show it live",
        usage="FILE [options] [settings]",
        more=" Its stdout is ours; progress and verdict go to stderr.",
        examples=(
            "hello.py", "sum.py --stdin numbers.txt", "two-sum.cpp --problem two-sum",
            "- --language python < hello.py", "hello.py --json | jq .verdict",
        ),
        one="judged, with any other verdict than accepted or completed",
    )  # fmt: skip
    submit.add_argument("file", metavar="FILE", help="the program; - reads it from stdin")
    submit.add_argument("--language", metavar="L", help="its language; guessed from FILE's name")
    submit.add_argument("--stdin", metavar="F", help="a file with its input")
    submit.add_argument("--problem", metavar="P", help="the problem it is for")
    submit.add_argument("--json", action="store_true", help="print the result as JSON, no output")
    submit.add_argument("--url", metavar="U", help=_URL_HELP)
    submit.add_settings("port", "state")

    batch = _new(
        commands, "batch", "judge many programs, and print a table of the verdicts",
        usage="FILE|ID [options] [settings]",
        more="\nFILE has a submission on each line, as POST /submit takes them, up to 10 000.",
        examples=(
            "programs.ndjson --out results.ndjson",
            "9f3c… --out results.ndjson   # go on with one that was left",
            "- --language python < programs.ndjson",
        ),
        one="a program was refused, or had another verdict than accepted or completed",
    )  # fmt: skip
    batch.add_argument("file", metavar="FILE|ID", help="NDJSON, - for stdin; or a batch that runs")
    batch.add_argument(
        "--out", metavar="F", help="write a line of NDJSON for each result, as it comes"
    )
    batch.add_argument("--language", metavar="L", help="of items that name none")
    batch.add_argument("--problem", metavar="P", help="of items that name none")
    batch.add_argument(
        "--on-interrupt", choices=("leave", "cancel"), default="leave", metavar="leave|cancel",
        help="what Ctrl-C does to what has not ended (default leave: it can be gone on with)",
    )  # fmt: skip
    batch.add_argument("--json", action="store_true", help="print the summary as JSON, no table")
    batch.add_argument("--url", metavar="U", help=_URL_HELP)
    batch.add_settings("port", "state")

    watch = _new(
        commands, "watch", "print a line for each finished submission",
        examples=("", "| grep judge-error"),
    )  # fmt: skip
    watch.add_settings("redis_url", "state")


def _add_problem(commands: Commands[Parser]) -> None:
    top = _new(
        commands, "problem", "look after problems",
        usage="ACTION ... [settings]", examples=("import infra/catalogue", "list"),
    )  # fmt: skip
    actions = _actions(top)
    top.add_settings("port", "state")
    for name, text, one, example in (
        (
            "import", "install packages: folders, zips, or folders of them",
            "a package was refused", "infra/catalogue",
        ),
        (
            "verify", "judge every example submission of packages",
            "an example surprises, or a package was refused", "myproblem",
        ),
    ):  # fmt: skip
        action = _new(
            actions, f"problem {name}", text, usage="DIR|ZIP... [--url U] [settings]",
            one=one, examples=(example,),
        )  # fmt: skip
        action.add_argument("places", metavar="DIR|ZIP", nargs="+", help="a package, or some")
        action.add_argument("--url", metavar="U", help=_URL_HELP)
        action.add_settings("port", "state")
    text = "list the installed problems"
    listing = _new(
        actions, "problem list", text, usage="[--url U] [settings]",
        examples=("", "--url https://assay.example.org"),
    )  # fmt: skip
    listing.add_argument("--url", metavar="U", help=_URL_HELP)
    listing.add_settings("port", "state")
    text = "make a template of a package, one that verifies"
    template = _new(actions, "problem new", text, usage="NAME", examples=("myproblem",))
    template.add_argument("name", metavar="NAME", help="lower-case letters and digits")
    template.add_settings("state")


def _add_people(commands: Commands[Parser]) -> None:
    key = _new(
        commands, "key", "make, list and revoke API keys",
        usage="ACTION ... [settings]", examples=("create --tenant acme --name ci", "list"),
    )  # fmt: skip
    actions = _actions(key)
    key.add_settings("redis_url", "state")
    create = _new(
        actions, "key create", "make a key; it is shown once",
        usage="[options] [settings]",
        examples=(
            "--tenant acme --name ci --days 90",
            "--tenant acme --roles submit,read --tenant-rate-per-minute 600",
        ),
    )  # fmt: skip
    create.add_argument("--tenant", default="local", help="whose key it is (default local)")
    create.add_argument("--name", default="", help="what it is for")
    create.add_argument(
        "--roles", default="submit,read", help=f"{_ROLES_HELP} (default submit,read)"
    )
    create.add_argument("--days", type=int, default=0, help="days it is good for; 0: no end")
    create.add_argument("--priorities", help="classes the tenant may ask for, with commas")
    for name, text in TENANT_FLAGS.items():
        flag = "--tenant-" + name.replace("_", "-")
        create.add_argument(
            flag, dest=name, type=float, metavar="N", help=f"set of the tenant: {text}"
        )
    create.add_settings("redis_url", "state")
    listing = _new(actions, "key list", "list the keys", examples=("", "| grep acme"))
    listing.add_settings("redis_url", "state")
    revoke = _new(
        actions, "key revoke", "take a key back: it opens nothing any more",
        usage="ID [settings]", examples=("3f9a0c1d2e4b",), one="there is no such key",
    )  # fmt: skip
    revoke.add_argument("id", metavar="ID", help="of the key, as `key list` shows it")
    revoke.add_settings("redis_url", "state")

    text = "list the accounts, and say what they may do"
    account = _new(
        commands, "account", text, usage="ACTION ... [settings]",
        examples=("list", "roles ada submit,read,admin"),
    )  # fmt: skip
    actions = _actions(account)
    account.add_settings("redis_url", "state")
    listing = _new(
        actions, "account list", "list the accounts with their roles",
        usage="[settings]", examples=("", "| grep admin"),
    )  # fmt: skip
    listing.add_settings("redis_url", "state")
    roles = _new(
        actions, "account roles", "say what an account may do, from its next request on",
        usage="NAME ROLES [settings]", examples=("ada submit,read,admin", "ada submit,read"),
        one="there is no such account",
    )  # fmt: skip
    roles.add_argument("name", metavar="NAME", help="of the account, in any case")
    roles.add_argument("roles", metavar="ROLES", help=f"all it may do: some {_ROLES_HELP}")
    roles.add_settings("redis_url", "state")


def _add_store(commands: Commands[Parser]) -> None:
    for name, text, example in (
        ("backup", "write all that is stored into one file, also while it runs", "monday.zip"),
        ("restore", "put back what a backup has, into an empty store", "monday.zip"),
    ):
        command = _new(commands, name, text, usage="FILE [--force] [settings]", examples=(example,))
        command.add_argument("file", metavar="FILE", help="the backup")
        command.add_argument("--force", action="store_true", help="replace what is there")
        command.add_settings("redis_url", "state", "blobs")
    text = "bring the store of an older version up to date"
    migrate = _new(commands, "migrate", text, examples=("", "--redis-url redis://localhost:6379/0"))
    migrate.add_settings("redis_url", "state")


def _add_tools(commands: Commands[Parser]) -> None:
    doctor = _new(
        commands, "doctor", "say what this machine gives, and what is missing",
        usage="[--install LANG...] [settings]",
        examples=("", "--install go rust"),
        one="Assay cannot serve here; with --install: nothing is known to bring a language",
    )  # fmt: skip
    doctor.add_argument(
        "--install",
        nargs="+",
        metavar="LANG",
        help="print the command that installs these languages; nothing is run",
    )
    doctor.add_settings("redis_url", "state", "slots", "isolation")
    bench = _new(
        commands, "bench", "measure latency, throughput and CPU per submission here",
        usage="[PART...] [--json FILE] [--samples N]",
        more=" Each part is next to what it is to be compared with.",
        examples=("", "latency", "engine throughput --json figures.json"),
    )  # fmt: skip
    bench.add_argument(
        "parts", nargs="*", type=_bench, metavar="PART",
        help=f"{', '.join(BENCHES)}; default: all but {', '.join(sorted(LONG_BENCHES))}",
    )  # fmt: skip
    bench.add_argument("--json", metavar="FILE", help="write the figures to a file as well")
    bench.add_argument(
        "--samples", type=_positive, metavar="N", help="measure each figure N times (for a try)"
    )
    _new(
        commands, "test", "run the tests; arguments go to pytest", usage="[pytest arguments]",
        examples=("", "tests/shared -q"), one="a test failed",
    )  # fmt: skip
    _new(
        commands, "check", "run ruff and mypy", usage="", examples=("",),
        one="one of them has found something",
    )  # fmt: skip


def _bench(text: str) -> str:
    if text not in BENCHES:  # `choices` would refuse that none is given
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(BENCHES)}")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def _actions(command: Parser) -> Commands[Parser]:
    return command.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, parser_class=Parser
    )
