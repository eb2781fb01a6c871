"""The `kb` command. Each command parses its words, calls `KnowledgeBase` and prints the answer."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.commands import COMMANDS
from kb.commands.shared import as_json, open_book, print_json
from kb.errors import IndexLocked, InvalidRequest, NotFound, ServicebookError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kb.evaluation import Evaluation
    from kb.knowledge_base import FileChange, IndexReport, KnowledgeBase
    from kb.models import (
        Account,
        Article,
        ExcerptState,
        Hit,
        KeptPack,
        Passage,
        Principle,
        Problem,
        SearchResults,
        Span,
    )
    from kb.principles import Evaluation as TagEvaluation
    from kb.principles import Explanation
    from kb.principles.evaluation import Score


class _Group(click.Group):
    """Commands whose expected errors end in one line, not in a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ServicebookError as error:
            click.secho(f"kb: {error}", fg="red", err=True)
            ctx.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="servicebook")
def main() -> None:
    """Servicebook: find the right passage on service standards, in Russian, Chinese or English."""


for command in COMMANDS:
    main.add_command(command)


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--forget", multiple=True, type=click.Path(path_type=Path), help="Take a source out of the index."
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Processes that read and analyse; by default one a core."
)
@click.option("--wait", is_flag=True, help="Wait for another process that is indexing.")
@click.option("--watch", is_flag=True, help="Go on: follow the files as they change, until Ctrl-C.")
@as_json
@click.pass_context
def index(
    ctx: click.Context,
    paths: Sequence[Path],
    forget: Sequence[Path],
    jobs: int | None,
    wait: bool,
    watch: bool,
    json: bool,
) -> None:
    """Read files and folders and make the index match them.

    Without PATHS, the configured corpus is read. What is gone from a given path leaves the index;
    other sources stay. A damaged index is made anew. The exit status is 1 when a file could not be
    read.

    \b
    Examples:
      kb index
      kb index handbook/ letters/welcome.md
      kb index --forget letters/
      kb index --watch handbook/
    """
    with open_book() as book:
        if watch:
            _follow(book, paths, forget, jobs or _cores(), json)
            return
        with _progress_bar() as progress:
            report = _indexed(book, paths, forget, progress, jobs or _cores(), wait)
        if json:
            print_json(_without_files(report))
        else:
            _print_report(report)
    ctx.exit(_status(report.problems))


@main.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--notices", is_flag=True, help="Also tell what is rightly left out.")
@as_json
@click.pass_context
def check_files(ctx: click.Context, paths: Sequence[Path], notices: bool, json: bool) -> None:
    """Read files and folders without indexing them, and print what an editor can mend.

    Without PATHS, the configured corpus is read. The exit status is 1 when there are errors.

    \b
    Examples:
      kb check
      kb check draft.md handbook/
    """
    with open_book() as book:
        report = book.check(paths)
    shown = [one for one in report.problems if notices or one.severity != "notice"]
    if json:
        print_json({"files": report.files, "articles": report.articles, "problems": shown})
    else:
        for problem in shown:
            _print_problem(problem, err=False)
        errors = sum(problem.severity == "error" for problem in shown)
        click.echo(
            f"{report.files} files, {report.articles} articles:"
            f" {errors} errors, {len(shown) - errors} other problems."
        )
    ctx.exit(_status(shown))


@main.command()
@as_json
@click.pass_context
def doctor(ctx: click.Context, json: bool) -> None:
    """Check settings, vocabulary, index and store against each other; nothing is changed.

    The exit status is 1 when there are errors.

    \b
    Examples:
      kb doctor
      kb doctor --json
    """
    from kb.doctor import examine

    with open_book() as book:
        findings = list(examine(book))
    if json:
        print_json(findings)
    for finding in () if json else findings:
        state = click.style(f"{finding.state:8}", fg=_STATE_COLOURS[finding.state])
        click.echo(f"{finding.subject:11}{state} {finding.message} {finding.remedy}".rstrip())
    ctx.exit(1 if any(finding.state == "error" for finding in findings) else 0)


@main.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--language", multiple=True, help="Only passages in this language (ru, zh, en).")
@click.option("--principle", multiple=True, help="Only passages on this principle, by id.")
@click.option("--article", multiple=True, help="Only passages of this article, by id.")
@click.option("--date", multiple=True, help="Only what was published then: 2026, 2026-03 or 2026-03-15.")
@click.option("--like", default="", help="Only copies of this passage, by id.")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "date"]),
    default="relevance",
    show_default=True,
    help="What comes first.",
)
@click.option("--limit", default=10, show_default=True, help="How many hits to show.")
@click.option("--offset", default=0, help="How many hits to leave out first.")
@click.option(
    "--no-bridge", is_flag=True, help="Search for these very words: no synonyms, no other languages."
)
@click.option("--all-copies", is_flag=True, help="Show every copy of a passage, not one of them.")
@click.option("--explain", is_flag=True, help="Say what each term gave to each score.")
@as_json
def search(
    text: Sequence[str],
    language: tuple[str, ...],
    principle: tuple[str, ...],
    article: tuple[str, ...],
    date: tuple[str, ...],
    like: str,
    sort: str,
    limit: int,
    offset: int,
    all_copies: bool,
    no_bridge: bool,
    explain: bool,
    json: bool,
) -> None:
    """Find passages that answer TEXT.

    \b
    Examples:
      kb search жалоба как подарок
      kb search эмпатия --language zh
      kb search '"обратная связь" -опрос' --principle customer-feedback
      kb search отзывы --date 2026 --sort date
    """
    from kb.models import SearchRequest, Sort

    request = SearchRequest(
        text=_readable(" ".join(text)),
        languages=language,
        principles=principle,
        articles=article,
        dates=date,
        like=like,
        sort=Sort(sort),
        limit=limit,
        offset=offset,
        bridge=not no_bridge,
        collapse=not all_copies,
        explain=explain,
    )
    with open_book() as book:
        _build_if_empty(book)
        results = book.search(request)
        if json:
            print_json(results)
        else:
            _print_results(results)


@main.command()
@click.argument("text")
@click.option("--language", help="Only suggestions in this language (ru, zh, en).")
@click.option("--limit", default=8, show_default=True, help="How many suggestions to show.")
@as_json
def suggest(text: str, language: str | None, limit: int, json: bool) -> None:
    """Complete TEXT as the search field does.

    \b
    Examples:
      kb suggest эмп
      kb suggest fuwu --language zh
    """
    with open_book() as book:
        _build_if_empty(book)
        text = _readable(text)
        suggestions = book.suggest(text, language, limit)
    if json:
        print_json({"query": text, "suggestions": suggestions})
        return
    for suggestion in suggestions:
        about = "  ".join(filter(None, (suggestion.kind, suggestion.language, suggestion.id)))
        click.echo(suggestion.text + click.style(f"  {about}", dim=True))


@main.command()
@click.argument("text")
@as_json
def analyze(text: str, json: bool) -> None:
    """Show the tokens of TEXT: what it is searched for and found by.

    \b
    Example:
      kb analyze "Стандарты сервиса (服务标准)"
    """
    from kb.languages import analyse

    text = _readable(text)
    tokens = analyse(text)
    if json:
        print_json({"text": text, "tokens": tokens})
        return
    for token in tokens:
        place = f"{token.position:4} {token.start:5}–{token.end:<5}"
        click.echo(f"{place} {token.kind.name.lower():8} {token.term}")


@main.command()
@click.argument("id")
@click.option("--counterparts", is_flag=True, help="Show what other languages say on the same as a passage.")
@as_json
def show(id: str, counterparts: bool, json: bool) -> None:
    """Show an article or a passage by its id.

    \b
    Examples:
      kb show zhaloba-kak-podarok-chetyre-shaga-starshego-smeny
      kb show 3f2a9c01d4e7 --counterparts
    """
    with open_book() as book:
        _build_if_empty(book)
        article, passages = book.look_up(id)
        closest = book.counterparts(id) if counterparts else {}
        if json:
            shown = {"article": article, "passages": passages}
            print_json({**shown, "counterparts": closest} if counterparts else shown)
            return
        _print_article(article, passages, book)
        for code, hits in closest.items():
            click.secho(f"\nThe same in {code}", bold=True)
            for hit in hits:
                _print_hit(hit)


@main.command()
@click.argument("passage")
@click.argument("principle")
@click.option("--accept", "verdict", flag_value="accept", help="The passage speaks of the principle.")
@click.option("--reject", "verdict", flag_value="reject", help="It does not.")
@click.option("--withdraw", "verdict", flag_value="withdraw", help="Take back what was said; tag as before.")
@click.option("--by", "reviewer", help="Who says so.")
@click.option("--why", default="", help="Why, for those who come later.")
@as_json
def review(
    passage: str, principle: str, verdict: str | None, reviewer: str | None, why: str, json: bool
) -> None:
    """Say whether PASSAGE rightly has the tag PRINCIPLE, both by id. It holds at once and for good.

    \b
    Examples:
      kb review 3f2a9c01d4e7 empathy --reject --by Anna --why "A brand name"
      kb review 3f2a9c01d4e7 ownership --accept --by Anna
      kb review 3f2a9c01d4e7 empathy --withdraw
    """
    if verdict is None:
        raise click.UsageError("Give --accept, --reject or --withdraw.")
    if verdict != "withdraw" and not reviewer:
        raise click.UsageError("Say with --by who says so.")
    accepted = {"accept": True, "reject": False}.get(verdict)
    with open_book() as book:
        _build_if_empty(book)
        reviewed = book.review(passage, principle, accepted, reviewer or "", why)
        tags = book.principle_tags(reviewed)
    if json:
        print_json({"passage": reviewed.id, "principles": tags})
    else:
        click.echo(f"Tags of {reviewed.id}: " + (", ".join(tag.id for tag in tags) or "none"))


@main.command()
@as_json
def reviews(json: bool) -> None:
    """List what people said of tags, oldest first.

    \b
    Example:
      kb reviews --json
    """
    with open_book() as book:
        found = book.reviews()
    if json:
        print_json({"total": len(found), "reviews": found})
        return
    for said in found:
        verdict = "accepted" if said.accepted else "rejected"
        when = f"{said.at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{when}  {said.passage}  {said.principle} {verdict} by {said.reviewer}")
        if said.reason:
            click.secho(f"    {said.reason}", dim=True)


# --- Accounts -----------------------------------------------------------------------------------

_ROLES = ("reader", "trainer", "editor", "administrator")
from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin instead of asking for it."
)


def _password(from_stdin: bool) -> str:
    """A password that was typed twice, or the first line of stdin: never a word of the command,
    which other users of the machine can see."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


@main.group()
def users() -> None:
    """Keep the accounts of those who sign in.

    \b
    Examples:
      kb users add anna --role trainer
      kb users list
      kb users disable anna
    """


@users.command("add")
@click.argument("name")
@click.option(
    "--role", type=click.Choice(_ROLES), default="reader", show_default=True, help="What they may do."
)
@from_stdin
def add_user(name: str, role: str, password_stdin: bool) -> None:
    """Make an account for NAME.

    \b
    Examples:
      kb users add anna --role trainer
      pass show servicebook/anna | kb users add anna --role editor --password-stdin
    """
    from kb.models import Role

    with open_book() as book:
        account = book.accounts.add(name, Role(role), _password(password_stdin))
    _print_account(account)


@users.command("list")
@as_json
def list_users(json: bool) -> None:
    """List the accounts.

    \b
    Example:
      kb users list --json
    """
    with open_book() as book:
        found = book.accounts.all()
    if json:
        print_json({"total": len(found), "users": found})
        return
    for account in found:
        _print_account(account)


@users.command("passwd")
@click.argument("name")
@from_stdin
def set_password(name: str, password_stdin: bool) -> None:
    """Give NAME another password; whoever is signed in with the old one no longer is.

    \b
    Example:
      kb users passwd anna
    """
    with open_book() as book:
        book.accounts.named(name)
        book.accounts.set_password(name, _password(password_stdin))


@users.command("disable")
@click.argument("name")
def disable_user(name: str) -> None:
    """Let NAME sign in no more; whoever is signed in no longer is.

    \b
    Example:
      kb users disable anna
    """
    _set_enabled(name, enabled=False)


@users.command("enable")
@click.argument("name")
def enable_user(name: str) -> None:
    """Let NAME sign in again.

    \b
    Example:
      kb users enable anna
    """
    _set_enabled(name, enabled=True)


def _set_enabled(name: str, enabled: bool) -> None:
    with open_book() as book:
        book.accounts.set_enabled(name, enabled)
        _print_account(book.accounts.named(name))


@users.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(_ROLES))
def set_role(name: str, role: str) -> None:
    """Give NAME another ROLE; they have to sign in again.

    \b
    Example:
      kb users role anna editor
    """
    from kb.models import Role

    with open_book() as book:
        book.accounts.set_role(name, Role(role))
        _print_account(book.accounts.named(name))


def _print_account(account: Account) -> None:
    notes = [
        note for note, holds in (("disabled", not account.enabled), ("OpenID", account.by_provider)) if holds
    ]
    click.echo(f"{account.name:24} {account.role:14} {', '.join(notes)}".rstrip())


# --- Backup -------------------------------------------------------------------------------------


@main.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def write_backup(file: Path) -> None:
    """Write accounts, reviews, search log, settings and vocabulary to FILE, while the product runs.

    Secrets are left out, passwords are hashes. Articles are files of yours: keep them as you do others.

    \b
    Example:
      kb backup servicebook-2026-11-22.zip
    """
    with open_book() as book:
        contents = book.backup(file)
    click.echo(
        f"{file}: {_rows(contents.rows)}, {len(contents.settings)} settings"
        + (", vocabulary" if contents.vocabulary else "")
    )


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in place of what the database holds.")
def restore(file: Path, replace: bool) -> None:
    """Check FILE and bring back what it holds, on this or another machine.

    A backup of an earlier version is brought up to this one. Settings come to lie in `.env` in the
    working folder, unless there is one.

    \b
    Examples:
      kb restore servicebook-2026-11-22.zip
      KB_DATABASE_URL=postgresql://kb@db/kb kb restore servicebook-2026-11-22.zip
    """
    with open_book() as book:
        contents = book.restore(file, replace)
    click.echo(f"Restored {_rows(contents.rows)} of {contents.made:%Y-%m-%d %H:%M} UTC.")
    lines = [f"{name}={_quoted(value)}" for name, value in contents.settings.items()]
    if contents.vocabulary:
        lines.append(f"KB_VOCABULARY={_quoted(str(contents.vocabulary.absolute()))}")
    _restore_settings(lines)


def _restore_settings(lines: Sequence[str]) -> None:
    file = Path(".env")
    if not lines:
        return
    if not file.exists():
        file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        click.echo(f"Its settings are in {file.absolute()}.")
        return
    click.echo(f"{file.absolute()} stays as it is. The backup was made with:")
    for line in lines:
        click.echo(f"  {line}")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _rows(rows: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in rows.items()) or "nothing"


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
def serve(host: str, port: int) -> None:
    """Bring the index up to date and serve the web pages and the API.

    \b
    Example:
      kb serve --host 0.0.0.0 --port 8080
    """
    with open_book() as book, _progress_bar() as progress:
        if other := book.made_with_another():
            click.echo(f"kb: the index was made with another {other}; all articles are read again", err=True)
        _print_report(_indexed(book, (), (), progress, _cores(), wait=True))
    from web import serve as listen

    told = f"Servicebook is at http://{host}:{port} (Ctrl-C stops it)"
    listen(book.settings, host, port, lambda: click.echo(told))


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--queries",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Ask the queries of this data set, which has the same ids.",
)
@click.option("--qrels", default="test", show_default=True, help="Which file in qrels/ to measure against.")
@click.option("--run", type=click.Path(dir_okay=False, path_type=Path), help="Write the run in TREC form.")
@click.option("--worst", default=10, show_default=True, help="How many of the worst queries to show.")
@as_json
def evaluate(
    folder: Path, queries: Path | None, qrels: str, run: Path | None, worst: int, json: bool
) -> None:
    """Measure the ranking on a data set in BEIR form, in a temporary index.

    \b
    Examples:
      kb evaluate corpus/relevance
      kb evaluate xquad-zh --queries xquad-ru --run xquad.trec
    """
    import tempfile

    import kb
    from kb.evaluation import evaluate as measure
    from kb.evaluation import write_run

    with tempfile.TemporaryDirectory() as home, kb.open(home=Path(home), engine="") as book:
        evaluation = measure(book, folder, queries, qrels, worst)
    if run:
        write_run(evaluation.run, run)
    if json:
        shown = {field: getattr(evaluation, field) for field in evaluation.__slots__ if field != "run"}
        print_json(shown)
    else:
        _print_evaluation(evaluation)


@main.group(invoke_without_command=True)
@as_json
@click.pass_context
def principles(ctx: click.Context, json: bool) -> None:
    """List the principles, or check, export or evaluate a vocabulary.

    \b
    Examples:
      kb principles
      kb principles check our-principles.ttl
      kb principles export --format jsonld
    """
    if ctx.invoked_subcommand:
        return
    with open_book() as book:
        if json:
            print_json(list(book.vocabulary.principles.values()))
            return
        for top in book.vocabulary.tops():
            _print_principle(top)
            for id in top.narrower:
                _print_principle(book.principle(id), indent="  ")


@principles.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
@click.pass_context
def check(ctx: click.Context, file: Path | None, json: bool) -> None:
    """Say what is wrong with a SKOS scheme, by default with ours; exit status 1 if anything is.

    \b
    Example:
      kb principles check our-principles.ttl
    """
    from kb.principles import check as problems_of

    problems = problems_of(file)
    if json:
        print_json(problems)
    else:
        for problem in problems:
            _print_problem(problem)
        click.echo("Nothing is wrong." if not problems else f"{len(problems)} problems.")
    ctx.exit(1 if any(problem.severity == "error" for problem in problems) else 0)


@principles.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["turtle", "jsonld", "csv"]),
    default="turtle",
    show_default=True,
    help="How to write it.",
)
def export(form: str) -> None:
    """Write the vocabulary in use to stdout.

    \b
    Example:
      kb principles export --format csv > principles.csv
    """
    with open_book() as book:
        click.echo(book.vocabulary.export(form))


@principles.command()
@click.option("--drop", metavar="TERM", help="Take a term off the list.")
@click.option("--csv", "csv", is_flag=True, help="Print a table for a spreadsheet.")
@as_json
def proposals(drop: str | None, csv: bool, json: bool) -> None:
    """List the terms that editors put on the vocabulary's review list.

    \b
    Examples:
      kb principles proposals --csv > proposals.csv
      kb principles proposals --drop "тайный гость"
    """
    with open_book() as book:
        if drop is not None and not book.drop_proposal(drop):
            raise NotFound("proposal", drop)
        found = book.proposals()
    if json:
        print_json({"total": len(found), "proposals": found})
        return
    if csv:
        import csv as tables

        rows = tables.writer(sys.stdout)
        rows.writerow(("term", "language", "proposed by", "at"))
        rows.writerows((one.text, one.language, one.proposer, one.at.isoformat()) for one in found)
        return
    for one in found:
        about = f"  {one.language}  {one.proposer}  {one.at:%Y-%m-%d}"
        click.echo(one.text + click.style(about, dim=True))


@principles.command("evaluate")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reviews", is_flag=True, help="Measure against what people said of tags.")
@click.option("--worst", default=10, show_default=True, help="How many of the worst examples to show.")
@as_json
def evaluate_tags(file: Path | None, reviews: bool, worst: int, json: bool) -> None:
    """Measure the tagger on labelled passages: JSON lines with text, must and may.

    \b
    Examples:
      kb principles evaluate tests/files/principles/dev.jsonl
      kb principles evaluate --reviews
    """
    if bool(file) == reviews:
        raise click.UsageError("Give either a FILE of labelled passages or --reviews.")
    with open_book() as book:
        evaluation = book.evaluate_tagger(file)
        if json:
            print_json(
                {
                    "micro": _figures(evaluation.micro),
                    "macro_f1": evaluation.macro,
                    "principles": {id: _figures(score) for id, score in evaluation.principles.items()},
                }
            )
        else:
            _print_tag_evaluation(evaluation, worst)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--explain", is_flag=True, help="Show all that was weighed, also what made no tag.")
@as_json
def tag(file: Path, explain: bool, json: bool) -> None:
    """Show the tags that the passages of a file get, without indexing it.

    \b
    Example:
      kb tag draft.md --explain
    """
    with open_book() as book:
        explained = book.explain_tags(file)
    if json:
        print_json(explained)
        return
    for one in explained:
        _print_explanation(one, explain)


@main.group()
def pack() -> None:
    """Export packs of excerpts, and list those that trainers keep."""


@pack.command("export")
@click.argument("id", required=False)
@click.option("--principle", help="Make a pack on this principle, by id.")
@click.option("--passages", help="Make a pack of these passages, by id, separated by commas.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["docx", "pptx", "html", "markdown", "anki", "csv", "json"]),
    default="docx",
    show_default=True,
    help="How to write it.",
)
@click.option(
    "--language",
    type=click.Choice(["ru", "zh-Hans", "zh-Hant", "en"]),
    help="Language of the words around the excerpts; KB_INTERFACE where it is not given.",
)
@click.option("--title", default="", help="Title of a pack of passages.")
@click.option("--counterparts", help="Put what says the same in this language (ru, zh, en) beside each.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File to write, or - for stdout; by default the pack's title in the working folder.",
)
def export_pack(
    id: str | None,
    principle: str | None,
    passages: str | None,
    form: str,
    language: str | None,
    title: str,
    counterparts: str | None,
    output: Path | None,
) -> None:
    """Write a pack to a file: the kept pack ID, one on a principle, or one of passages.

    \b
    Examples:
      kb pack export --principle ownership --language ru -o ownership.docx
      kb pack export --passages 18b8b44f9b38,3f2a9c01d4e7 --format pptx --counterparts zh
      kb pack export 5d0c2b7e91aa --format anki
    """
    from kb.exporters import file_name

    if sum(map(bool, (id, principle, passages))) != 1:
        raise click.UsageError("Give the ID of a kept pack, or --principle, or --passages.")
    with open_book() as book:
        _build_if_empty(book)
        tongue = language or book.settings.interface
        if principle:
            made = book.ready_made(principle, tongue)
        elif passages:
            ids = [part.strip() for part in passages.split(",") if part.strip()]
            made = book.pack_from(ids, title, tongue)
        else:
            made = book.packs.find(id or "").pack
            made = replace(made, language=language) if language else made
        if counterparts:
            made = book.with_counterparts(made, counterparts)
        written = book.export(made, form)
    file = output or Path(file_name(made, form))
    _write(file, written)
    if str(file) != "-":
        click.echo(f"{file}: {len(made.excerpts)} excerpts")


@pack.command("list")
@as_json
def list_packs(json: bool) -> None:
    """List the packs that are kept, the last changed first.

    \b
    Example:
      kb pack list
    """
    with open_book() as book:
        kept = book.packs.all()
    if json:
        print_json({"total": len(kept), "packs": [_summary(one) for one in kept]})
        return
    for one in kept:
        about = f"{one.owner}, version {one.version} of {one.changed:%Y-%m-%d %H:%M} UTC by {one.changed_by}"
        click.echo(f"{one.pack.id}  {one.pack.title}  ({len(one.pack.excerpts)} excerpts)")
        click.secho(f"    {about}" + (", shared" if one.link else ""), dim=True)


@pack.command("show")
@click.argument("id")
@as_json
def show_pack(id: str, json: bool) -> None:
    """Show a kept pack, and which of its excerpts are no longer as they were quoted.

    \b
    Example:
      kb pack show 5d0c2b7e91aa
    """
    with open_book() as book:
        _build_if_empty(book)
        kept = book.packs.find(id)
        states = [book.state_of(excerpt) for excerpt in kept.pack.excerpts]
    if json:
        print_json({**_summary(kept), "pack": kept.pack, "states": states})
    else:
        _print_pack(kept, states)


@main.command()
@as_json
def settings(json: bool) -> None:
    """List the settings and what they mean; each is an environment variable or a line of `.env`.

    \b
    Examples:
      kb settings
      KB_HOME=/var/lib/kb kb settings --json
    """
    from kb.settings import PREFIX, Settings, load

    current = load()
    listed = {
        PREFIX + name.upper(): {
            "value": _without_password(str(getattr(current, name) or "")),
            "meaning": field.description,
        }
        for name, field in Settings.model_fields.items()
        if field.repr  # secrets are not shown
    }
    if json:
        print_json(listed)
        return
    for name, setting in listed.items():
        click.echo(f"{click.style(name, bold=True)}={setting['value']}\n    {setting['meaning']}")


def _without_password(url: str) -> str:
    """A URL as it may be shown: postgresql://kb:***@db/kb."""
    return re.sub(r"(?<=://)([^:/@]*):[^/]*@", r"\1:***@", url)


# --- What the commands share --------------------------------------------------------------------


def _readable(typed: str) -> str:
    """What was typed, with a sign in place of bytes that are no text."""
    return typed.encode(errors="surrogatepass").decode(errors="replace")


def _build_if_empty(book: KnowledgeBase) -> None:
    """So that the first search of a newcomer finds something; what is out of date is only told."""
    if book.is_empty():
        with _progress_bar() as progress:
            book.index(progress=progress)
    elif other := book.made_with_another():
        click.echo(f"kb: the index was made with another {other}; run kb index", err=True)


def _cores() -> int:
    """How many processes can work at once here."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _indexed(
    book: KnowledgeBase,
    paths: Sequence[Path],
    forget: Sequence[Path],
    progress: Callable[[int, int, int], None],
    jobs: int,
    wait: bool,
) -> IndexReport:
    """Index; when another process does, say so and wait for it, or give up."""
    try:
        return book.index(paths, forget, progress, jobs)
    except IndexLocked:
        if not wait:
            raise
        click.echo("kb: another process is writing to the index; waiting for it", err=True)
        return book.index(paths, forget, progress, jobs, wait=True)


def _follow(
    book: KnowledgeBase, paths: Sequence[Path], forget: Sequence[Path], jobs: int, json: bool
) -> None:
    """Index, and again whenever something changes; each change is a line, until Ctrl-C."""
    from kb.watching import changes_below

    sources = paths or (book.settings.corpus_path,)
    told: frozenset[Problem] = frozenset()
    try:
        for _ in changes_below(sources):
            try:
                with _progress_bar() as progress:
                    report = _indexed(book, sources, forget, progress, jobs, wait=True)
            except ServicebookError as error:  # such as a full disk: the next change may do better
                click.secho(f"kb: {error}", fg="red", err=True)
                continue
            if json:
                click.echo(_json_line(report))
            else:
                for change in report.files:
                    _print_change(change)
            for problem in report.problems if not json else ():
                if problem not in told:
                    _print_problem(problem)
            told = frozenset(report.problems)
    except KeyboardInterrupt:
        pass
    click.echo("kb: stopped following", err=True)


def _print_change(change: FileChange) -> None:
    before = f"{change.moved_from} → " if change.moved_from else ""
    at = f"{datetime.now():%H:%M:%S}"
    click.echo(f"{at} {change.what} {before}{change.path} ({change.passages} passages)")


def _status(problems: Sequence[Problem]) -> int:
    return 1 if any(problem.severity == "error" for problem in problems) else 0


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int, int], None]]:
    """A bar on a terminal, nothing in a pipe: files, passages a second and the time left."""
    if not sys.stderr.isatty():
        yield lambda done, of, passages: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("Reading articles"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[passages]} passages, {task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, passages=0, rate=0)

        def progress(done: int, of: int, passages: int) -> None:
            rate = round(passages / max(bar.tasks[task].elapsed or 0, 0.1))
            bar.update(task, completed=done, total=of, passages=passages, rate=rate)

        yield progress


def _write(file: Path, content: bytes) -> None:
    """Write a file, or with - to stdout. Raises `InvalidRequest` when it cannot be written."""
    if str(file) == "-":
        click.echo(content, nl=False)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.", "output") from error


def _without_files(report: IndexReport) -> dict[str, Any]:
    """A report as it is printed in JSON: what became of each file is for those who follow them."""
    return {name: getattr(report, name) for name in report.__slots__ if name != "files"}


def _json_line(report: IndexReport) -> str:
    """A report on one line."""
    import json as standard

    from kb.json import plain

    return standard.dumps(plain(report), ensure_ascii=False)


_STATE_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}
_SEVERITY_COLOURS = {"error": "red", "warning": "yellow", "notice": "bright_black"}


def _print_report(report: IndexReport) -> None:
    click.echo(
        f"{report.articles} articles, {report.passages} passages: {report.added} added,"
        f" {report.changed} changed, {report.removed} removed, {report.unchanged} unchanged."
    )
    for problem in report.problems:
        _print_problem(problem)


def _print_problem(problem: Problem, err: bool = True) -> None:
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    severity = click.style(problem.severity, fg=_SEVERITY_COLOURS.get(problem.severity))
    click.echo(f"{place}: {severity}: {problem.message} [{problem.code}]", err=err)


def _print_results(results: SearchResults) -> None:
    if results.interpreted.corrected_from:
        click.echo(f"Showing results for “{results.query}” (typed: “{results.interpreted.corrected_from}”)")
    for bridge in results.interpreted.bridges:
        names = "; ".join(f"{code}: {', '.join(labels[:3])}" for code, labels in bridge.to.items())
        click.secho(f"Also through {bridge.principle}: {names}", dim=True)
    click.echo(f"{results.total} passages in {results.took_ms:.0f} ms\n")
    for hit in results.hits:
        _print_hit(hit)


def _print_hit(hit: Hit) -> None:
    path = " › ".join((hit.article.title, *hit.passage.headings))
    click.echo(click.style(path, bold=True) + click.style(f"  [{hit.passage.id}]", dim=True))
    click.echo(_marked(hit.passage.text, hit.highlights, hit.extract))
    labels = ", ".join(tag.label for tag in hit.passage.principles)
    click.secho(f"{hit.passage.language}  {labels}", fg="cyan")
    if hit.more:
        click.secho(f"and {hit.more} more like this: --like {hit.passage.id}", dim=True)
    for part in hit.explanation:
        click.echo(f"    {part.score:8.3f}  {part.kind:8} {part.field:8} {part.term}")
    click.echo()


def _marked(text: str, marks: Sequence[Span], extract: Span) -> str:
    """The extract of a text with the marks in colour on a terminal."""
    pieces, at = [], extract[0]
    for start, end in marks:
        if extract[0] <= start and end <= extract[1]:
            pieces += [text[at:start], click.style(text[start:end], fg="yellow", bold=True)]
            at = end
    pieces.append(text[at : extract[1]])
    before, after = extract[0] > 0, extract[1] < len(text)
    return ("… " if before else "") + "".join(pieces).strip() + (" …" if after else "")


def _print_evaluation(evaluation: Evaluation) -> None:
    click.echo(
        f"{evaluation.data_set}: {evaluation.queries} queries, {evaluation.documents} documents,"
        f" {evaluation.passages} passages, {evaluation.queries_per_second} queries/s"
    )
    for name, value in evaluation.measures.items():
        click.echo(f"  {name:8} {100 * value:6.2f}")
    for name, group in evaluation.groups.items():
        figures = "  ".join(f"{measure} {100 * value:.2f}" for measure, value in group.measures.items())
        click.echo(f"  {name}  {figures}  ({group.queries} queries)")
    for query in evaluation.worst:
        click.echo(f"  {query.ndcg:.2f}  {query.id}  {query.text}")
        click.secho(f"        wanted {', '.join(query.wanted)}; found {', '.join(query.found)}", dim=True)


def _print_principle(principle: Principle, indent: str = "") -> None:
    names = " · ".join(label for label in principle.pref_labels.values() if label)
    click.echo(indent + click.style(principle.id, bold=not indent) + f"  {names}")


def _summary(kept: KeptPack) -> dict[str, object]:
    """A kept pack without its excerpts, and without its link: that is for its owner to give."""
    return {
        "id": kept.pack.id,
        "title": kept.pack.title,
        "owner": kept.owner,
        "version": kept.version,
        "changed": kept.changed,
        "changed_by": kept.changed_by,
        "excerpts": len(kept.pack.excerpts),
        "shared": kept.link is not None,
    }


def _print_pack(kept: KeptPack, states: Sequence[ExcerptState]) -> None:
    click.secho(kept.pack.title, bold=True)
    click.echo(kept.pack.introduction)
    by_place = iter(states)
    for section in kept.pack.sections:
        click.secho(f"\n{section.title}", bold=True)
        for excerpt in section.excerpts:
            state = next(by_place)
            click.echo(f"\n{excerpt.text}")
            place = " › ".join((excerpt.source.title, *excerpt.headings))
            click.secho(f"[{excerpt.passage}]  {place}", fg="cyan")
            if state.wording != "same":
                click.secho(f"{state.wording}; now: {state.now.text if state.now else '–'}", fg="yellow")


def _figures(score: Score) -> dict[str, float]:
    return {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def _print_tag_evaluation(evaluation: TagEvaluation, worst: int) -> None:
    click.secho(f"{'':22} precision  recall      F1  right wrong missing", bold=True)
    rows = {**evaluation.principles, "all (micro)": evaluation.micro}
    for name, score in rows.items():
        click.echo(
            f"{name:22} {score.precision:9.3f} {score.recall:7.3f} {score.f1:7.3f}"
            f"  {score.right:5} {score.wrong:5} {score.missing:7}"
        )
    click.echo(f"macro F1 {evaluation.macro:.3f}")
    for (wanted, given), count in list(evaluation.confusions.items())[:worst]:
        click.echo(f"  {count} × {given} instead of {wanted}")
    for outcome in evaluation.worst[:worst]:
        click.echo(f"  {outcome.example.text[:90]}")
        click.secho(f"    wrong {sorted(outcome.wrong)}, missing {sorted(outcome.missing)}", dim=True)


def _print_explanation(explained: Explanation, everything: bool) -> None:
    click.secho(" › ".join(explained.passage.headings), bold=True)
    click.echo(explained.passage.text)
    for verdict in explained.verdicts:
        if verdict.tagged or everything:
            mark = "+" if verdict.tagged else "-"
            click.secho(
                f"  {mark} {verdict.principle} {verdict.weight:.2f}", fg="cyan" if verdict.tagged else None
            )
            for reason in verdict.reasons if everything else ():
                click.secho(
                    f"      {reason.gave:.2f} {reason.witness}: {reason.label} in “{reason.source}”", dim=True
                )
    click.echo()


def _print_article(article: Article, passages: Sequence[Passage], book: KnowledgeBase) -> None:
    click.secho(article.title, bold=True)
    about = (article.author, str(article.published or ""), article.url, article.licence)
    click.secho(" · ".join(part for part in about if part), dim=True)
    headings: tuple[str, ...] = ()
    for passage in passages:
        if passage.headings != headings:
            headings = passage.headings
            click.secho("\n" + " › ".join(headings), bold=True)
        click.echo(f"\n{passage.text}")
        labels = ", ".join(tag.label for tag in book.principle_tags(passage))
        click.secho(f"[{passage.id}]  {labels}", fg="cyan")
