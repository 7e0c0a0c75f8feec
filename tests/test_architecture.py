"""The house rules, checked on the source: imports point down, each heavy package has one room, modules stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import feelit

PACKAGE = Path(__file__).parents[1] / "src" / "feelit"
MOST_LINES = 400

FLOORS = (
    ("__init__", "__main__"),
    ("cli", "console"),
    ("api",),
    ("evaluation", "training", "render", "exports", "reports", "plots", "clipping", "live", "explaining", "models"),
    ("run",),
    ("analysis", "datasets"),
    ("imports",),
    ("timeline", "tracking", "identity"),
    ("vision", "video"),
    ("models.card", "models.paths"),
    ("storage", "models.catalogue"),
    (
        "options",
        "labels",
        "encodings",
        "signals",
        "geometry",
        "scaling",
        "times",
        "types",
        "storage.location",
        "errors",
        "logs",
    ),
)
"""Rooms from the roof down; a module that stands apart from its room is named with it. Rooms on one floor may use each other,
but no two modules do."""

STRANGERS = ("vision", "video", "tracking")
"""Rooms that never import one another: they meet in `run.segment`, or not at all."""

OWNERS = {
    "av": {"video"},
    "botocore": {"storage"},
    "fsspec": {"storage"},
    "gcsfs": {"storage"},
    "matplotlib": {"api", "training", "plots"},  # the API for types alone
    "onnx": {"training", "explaining"},
    "onnxruntime": {"vision", "training"},
    "pandas": {"api", "timeline", "analysis"},
    "ray": {"run"},
    "rich": {"console"},
    "s3fs": {"storage"},
    "torch": {"training", "explaining"},
    "typer": {"cli"},
}
"""Packages that only certain rooms import."""

HEAVY = {
    *("av", "cv2", "fsspec", "matplotlib", "numpy", "onnxruntime", "pandas", "pyarrow", "ray", "rich", "s3fs", "scipy"),
    *("torch", "tqdm"),
}
"""What a command that only prints text must not pay for."""

COMMANDS_USE = {"cli", "api", "options", "console", "errors", "storage", "encodings", "logs", "__init__"}
"""Rooms that commands import: locations and texts come from storage."""

BELOW_THE_API = {
    ("", "run.interruption"),
    ("analyze", "timeline.lean"),
    ("models", "analysis.table"),
    ("status", "analysis.table"),
}
"""What commands import besides: signals that end a run, how to do without pandas, and the record of a table."""

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """The room of a dotted name: `feelit.video.probe` is in video, `feelit` itself in __init__."""
    return module.split(".")[1] if "." in module else "__init__"


def dotted(path: Path) -> str:
    parts = ("feelit", *path.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path: Path) -> frozenset[tuple[str, bool]]:
    """What a module imports, wherever it does, with dotted names; True for what is imported when the module is."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    return frozenset(_imports(tree, dotted(path), True))


def _imports(node: ast.AST, module: str, at_once: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, at_once) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module} imports by a relative name"
        yield from ((_target(node.module or "", alias.name), at_once) for alias in node.names)
    lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
        isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    )
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, module, at_once and not lazy)


def _target(package: str, name: str) -> str:
    """`from a import b` may mean the module a.b or something in a. The package itself gives its version to anybody."""
    if package == "feelit" and name != "__version__" and not (PACKAGE / f"{name}.py").is_file():
        return "feelit.__init__"
    inside = PACKAGE.joinpath(*package.split(".")[1:], name)
    is_module = package.split(".")[0] == "feelit" and (inside.is_dir() or inside.with_suffix(".py").is_file())
    return f"{package}.{name}" if is_module else package


def floor_of(place: str) -> int:
    """The floor of a module without its `feelit.`, by the longest name that is listed."""
    parts = place.split(".")
    names = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next(n for name in names for n, rooms in enumerate(FLOORS) if name in rooms)


def inner_imports() -> Iterator[tuple[str, str]]:
    """Every import of one module of feelit by another, as dotted names."""
    for path in MODULES:
        for target, _ in sorted(imports(path)):
            if target.startswith("feelit."):
                yield dotted(path), target


def test_imports_point_down() -> None:
    def is_wrong(module: str, target: str) -> bool:
        rooms = {room_of(module), room_of(target)}
        strangers = len(rooms) == 2 and rooms <= set(STRANGERS)
        return strangers or floor_of(target[7:]) < floor_of(module[7:] or "__init__")

    assert [f"{module} imports {target}" for module, target in inner_imports() if is_wrong(module, target)] == []


def test_packages_stay_in_their_rooms() -> None:
    found = {(room_of(dotted(path)), target.split(".")[0], dotted(path)) for path in MODULES for target, _ in imports(path)}
    wrong = [
        f"{module} imports {package}" for room, package, module in sorted(found) if room not in OWNERS.get(package, {room})
    ]
    assert wrong == []


def test_the_command_line_stands_on_the_api() -> None:
    """Commands parse, call the API and print. They reach below the modules that hold it for what BELOW_THE_API lists alone."""
    below = {
        (module[11:], target[7:])
        for module, target in inner_imports()
        if room_of(module) == "cli" and room_of(target) not in COMMANDS_USE and target not in feelit._HOMES.values()
    }
    assert below == BELOW_THE_API


def test_every_room_has_a_floor() -> None:
    assert {room_of(dotted(path)) for path in MODULES} <= {room for rooms in FLOORS for room in rooms}


def test_no_two_modules_import_one_another() -> None:
    """Followed to the end: what a module needs never needs that module."""
    graph = {dotted(p): {t for t, _ in imports(p) if t.startswith("feelit.")} - {dotted(p)} for p in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"a circle: {' → '.join((*path, module))}"
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_modules_stay_small_and_say_what_they_are() -> None:
    texts = {str(path): (PACKAGE / path).read_text(encoding="utf-8") for path in MODULES}
    assert [path for path, text in texts.items() if len(text.splitlines()) > MOST_LINES] == []
    assert [path for path, text in texts.items() if not ast.get_docstring(ast.parse(text))] == []


def test_the_rules_would_notice() -> None:
    """The reader of imports sees lazy ones, those for types only, and submodules behind `from`."""
    found = dict(imports(Path("cli/analyze.py")))
    assert found["typer"] is True
    assert found["feelit.logs"] is False
    assert found["feelit.timeline.lean"] is False
    assert ("feelit.tracking.motion", True) in imports(Path("tracking/tracker.py"))
    assert floor_of("cli") < floor_of("run.engines.ray") < floor_of("video.probe") < floor_of("models.card") < floor_of("types")


def loaded_by(code: str) -> set[str]:
    """The heavy packages that a fresh process has loaded after some code."""
    report = "import sys; print('\\n', *sorted({m.split('.')[0] for m in sys.modules}))"
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\n{report}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return HEAVY & set(done.stdout.splitlines()[-1].split())


def test_help_loads_nothing_heavy() -> None:
    """One process for all: what any of them loaded would be there at the end."""
    commands = (
        "analyze",
        "summarize",
        "export",
        "live",
        "clips",
        "plot",
        "evaluate",
        "models",
        "models pull",
        "explain",
        "train",
    )
    arguments = [["--help"], ["--version"], *([*command.split(), "--help"] for command in commands)]
    run = f"from feelit.cli import application; [application()(a, standalone_mode=False) for a in {arguments}]"
    assert loaded_by(run) == set()


def test_a_list_of_models_loads_no_more_than_its_table_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FEELIT_CACHE", str(tmp_path))
    assert loaded_by("from feelit.cli import application; application()(['models', 'list'])") == {"rich"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import feelit; feelit.FeelitError") == set()
    assert "numpy" in loaded_by("import feelit; feelit.analyze")


def test_exporting_loads_no_networks_and_no_decoder() -> None:
    assert not loaded_by("import feelit; feelit.export") & {"av", "cv2", "onnxruntime", "pandas", "torch"}


def test_tasks_are_handed_out_without_networks_and_pandas() -> None:
    assert not loaded_by("import feelit; feelit.analyze") & {"cv2", "onnxruntime", "pandas", "asyncio"}
    assert loaded_by("import feelit.run.engines.local") == set()


def test_no_benchmark_hides_a_module_of_the_standard_library() -> None:
    """A script's folder comes first in the search for modules: torch imports cProfile, which imports profile."""
    names = {path.stem for path in Path(__file__).parents[1].glob("benchmarks/*.py")}
    assert names
    assert not names & sys.stdlib_module_names
