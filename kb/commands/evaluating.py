"""`kb evaluate`: the ranking, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.commands.shared import as_json, print_json
from kb.counting import counted

if TYPE_CHECKING:
    from kb.evaluation import Evaluation


@click.command()
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
        print_json(evaluation, without="run")
    else:
        _print_evaluation(evaluation)


def _print_evaluation(evaluation: Evaluation) -> None:
    click.echo(
        f"{evaluation.data_set}: {counted(evaluation.queries, 'query', 'queries')},"
        f" {counted(evaluation.documents, 'document')}, {counted(evaluation.passages, 'passage')},"
        f" {evaluation.queries_per_second} queries/s"
    )
    for name, value in evaluation.measures.items():
        click.echo(f"  {name:8} {100 * value:6.2f}")
    for name, group in evaluation.groups.items():
        figures = "  ".join(f"{measure} {100 * value:.2f}" for measure, value in group.measures.items())
        click.echo(f"  {name}  {figures}  ({counted(group.queries, 'query', 'queries')})")
    for query in evaluation.worst:
        click.echo(f"  {query.ndcg:.2f}  {query.id}  {query.text}")
        click.secho(f"        wanted {', '.join(query.wanted)}; found {', '.join(query.found)}", dim=True)
