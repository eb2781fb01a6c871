"""The vocabulary: principles and terms, what is wrong with it, and the tags it gives."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.commands.shared import (
    as_json,
    exit_status,
    one_language,
    open_book,
    open_indexed_book,
    print_hits,
    print_json,
    print_problem,
)
from kb.counting import counted
from kb.errors import NotFound

if TYPE_CHECKING:
    from kb.models import Principle
    from kb.principles import Explanation
    from kb.principles.evaluation import Score, TaggerEvaluation


_with_passages = click.option("--passages", "with_passages", is_flag=True, help="Show its passages instead.")
_limit = click.option("--limit", default=10, show_default=True, type=click.IntRange(0, 100), help="How many.")


@click.group(invoke_without_command=True)
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
    from kb.principles.integrity import check as problems_of

    problems = problems_of(file)
    if json:
        print_json(problems)
    else:
        for problem in problems:
            print_problem(problem)
        click.echo("Nothing is wrong." if not problems else f"{counted(len(problems), 'problem')}.")
    ctx.exit(exit_status(problems))


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
@click.option("--add", metavar="TERM", help="Put a term on the list; --by says who does.")
@click.option("--drop", metavar="TERM", help="Take a term off the list.")
@click.option("--by", "who", help="Who proposes it.")
@click.option("--csv", "csv", is_flag=True, help="Print a table for a spreadsheet.")
@as_json
def proposals(add: str | None, drop: str | None, who: str | None, csv: bool, json: bool) -> None:
    """List the terms that editors put on the vocabulary's review list, put one there or take it off.

    \b
    Examples:
      kb principles proposals --csv > proposals.csv
      kb principles proposals --add "тайный гость" --by anna
      kb principles proposals --drop "тайный гость"
    """
    if add is not None and not who:
        raise click.UsageError("Say with --by who proposes it.")
    with open_book() as book:
        if add is not None:
            from kb.languages import detect

            book.propose_term(add, detect(add), who or "")
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


@click.command()
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


@click.command()
@click.argument("id")
@_with_passages
@one_language
@_limit
@as_json
def principle(id: str, with_passages: bool, language: str | None, limit: int, json: bool) -> None:
    """Show one principle in all its languages, or the passages that are tagged with it.

    \b
    Examples:
      kb principle empathy
      kb principle empathy --passages --language zh
    """
    if with_passages:
        with open_indexed_book() as book:
            tagged = book.passages_on(id, language, limit)
        print_json(tagged) if json else print_hits(tagged.hits)
        return
    with open_book() as book:
        found = book.principle(id)
    print_json(found) if json else _print_concept(found)


@click.command()
@click.argument("id", required=False)
@_with_passages
@one_language
@_limit
@as_json
def terms(id: str | None, with_passages: bool, language: str | None, limit: int, json: bool) -> None:
    """List the terms of the trade, or show the one with this ID, or the passages that name it.

    \b
    Examples:
      kb terms
      kb terms nps --json
      kb terms nps --passages --language ru
    """
    if with_passages:
        _print_naming(id, language, limit, json)
        return
    with open_book() as book:
        found = book.trade_term(id) if id else None
        everything = book.trade_terms()
    if found:
        print_json(found) if json else _print_concept(found)
    elif json:
        print_json({"total": len(everything), "terms": everything})
    else:
        for term in everything:
            click.echo(f"{term.id:32} " + " · ".join(term.pref_labels.values()))


def _print_naming(id: str | None, language: str | None, limit: int, json: bool) -> None:
    if id is None:
        raise click.UsageError("Give the ID of a term, from kb terms.")
    with open_indexed_book() as book:
        found = book.passages_naming(id, language, limit)
    print_json(found) if json else print_hits(found.hits)


def _print_concept(concept: Principle) -> None:
    click.secho(concept.id, bold=True)
    for code, label in concept.pref_labels.items():
        others = ", ".join(concept.alt_labels.get(code, ()))
        click.echo(f"{code}  {label}" + (click.style(f"  ({others})", dim=True) if others else ""))
        if code in concept.definitions:
            click.echo(f"    {concept.definitions[code]}")


def _print_principle(principle: Principle, indent: str = "") -> None:
    names = " · ".join(label for label in principle.pref_labels.values() if label)
    click.echo(indent + click.style(principle.id, bold=not indent) + f"  {names}")


def _figures(score: Score) -> dict[str, float]:
    return {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def _print_tag_evaluation(evaluation: TaggerEvaluation, worst: int) -> None:
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
