# SPDX-License-Identifier: Apache-2.0
"""The command line of the real program: exit codes, what goes to stdout and what to stderr, configuration and schema."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from support.origin import origin
from support.sidespan import environment, program, root, sidespan

try:
    import jsonschema
    import yaml
except ImportError as missing:
    raise ImportError(f"this test needs the Debian packages python3-jsonschema and python3-yaml: {missing}") from missing

OK, FAILED, USAGE, FORCED, NOT_READY = range(5)
SMALLEST = "service: cart\ninbound:\n  8080: localhost:3000\noutbound:\n  9001: http://catalog:8080\n"


class core_loader(yaml.SafeLoader):
    """YAML 1.2: on, off, yes and no are words."""


core_loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp",
                                                             "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
for tag, rule, first in (("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"), ("int", r"[-+]?[0-9]+", "-+0123456789"),
                         ("float", r"[-+]?[0-9]+\.[0-9]*", "-+0123456789")):
    core_loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{rule})$"), list(first))


def named(value):
    """JSON knows keys that are text only."""
    if isinstance(value, dict):
        return {str(key): named(one) for key, one in value.items()}
    return [named(one) for one in value] if isinstance(value, list) else value


class command_line_fixture(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, text, name="f.yaml"):
        (self.folder / name).write_text(text)
        return name

    def run_program(self, *words, code=OK, **variables):
        done = subprocess.run([program(), *words], cwd=self.folder, env=environment(**variables), text=True, capture_output=True,
                              timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done


class command_line(command_line_fixture):
    def test_a_sub_command_is_required(self):
        done = self.run_program(code=USAGE)
        self.assertEqual(done.stdout, "")
        self.assertIn("subcommand is required", done.stderr)

    def test_an_unknown_sub_command_is_named_with_its_neighbour(self):
        done = self.run_program("chek", code=USAGE)
        self.assertIn('unknown sub-command "chek", did you mean "check"?', done.stderr)

    def test_an_unknown_flag_is_usage(self):
        self.assertIn("--nonsense", self.run_program("check", "--nonsense", code=USAGE).stderr)

    def test_help_is_data_and_has_examples_before_options(self):
        for words in ([], ["run"], ["check"], ["config"], ["config", "print"], ["viewer"], ["health"], ["wait"], ["version"]):
            with self.subTest(words):
                done = self.run_program(*words, "--help")
                self.assertEqual(done.stderr, "")
                self.assertLess(done.stdout.index("Examples:"), done.stdout.index("Options:"))

    def test_examples_of_the_help_are_understood(self):
        """Every `sidespan …` line of an Examples section parses: with --help added it is not a usage error."""
        seen = 0
        for words in ([], ["run"], ["check"], ["config"], ["viewer"], ["health"], ["wait"], ["version"]):
            text = self.run_program(*words, "--help").stdout
            for line in re.findall(r"^  sidespan (.*)$", text.split("Usage:")[0], re.MULTILINE):
                self.run_program(*re.split(r"[#&>]", line)[0].split(), "--help")
                seen += 1
        self.assertGreater(seen, 12)

    def test_version(self):
        text = self.run_program("version").stdout
        self.assertRegex(text, r"^sidespan \d+\.\d+\.\d+\n$")
        self.assertEqual("sidespan " + json.loads(self.run_program("version", "--json").stdout)["version"] + "\n", text)

        self.assertEqual(self.run_program("--version").stdout, text)

    def test_check_right(self):
        done = self.run_program("check", "--config", self.write(SMALLEST))
        self.assertEqual(done.stdout, "ok: service cart, 2 listeners\n")
        self.assertEqual(done.stderr, "")

    def test_check_wrong(self):
        done = self.run_program("check", "-c", self.write("servce: a\ninbound:\n  8080: 3000\n"), code=USAGE)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.splitlines(), [
            'f.yaml:1:1: servce: unknown key, did you mean "service"?',
            "f.yaml:1:1: service is required: the name of the application beside sidespan (or set OTEL_SERVICE_NAME)",
            'f.yaml:3:9: inbound.8080.to: "3000" has no host: write localhost:3000'])

    def test_check_json(self):
        done = self.run_program("check", "-c", self.write(SMALLEST + "log: { levl: info }\n"), "--json", code=USAGE)
        self.assertEqual(done.stderr, "")
        self.assertEqual(json.loads(done.stdout), {"valid": False, "problems": [
            {"severity": "error", "source": "f.yaml", "line": 6, "column": 8, "message": 'log.levl: unknown key, did you mean "level"?'}]})

    def test_run_with_a_wrong_configuration_is_usage(self):
        done = self.run_program("run", "-c", self.write("service: a\n"), code=USAGE)
        self.assertIn("no listeners", done.stderr)

    def test_a_file_that_cannot_be_read(self):
        self.assertIn("none.yaml: cannot be read: No such file", self.run_program("check", "-c", "none.yaml", code=USAGE).stderr)
        self.assertIn("Is a directory", self.run_program("check", "-c", str(self.folder), code=USAGE).stderr)
        self.assertIn("larger than 1 MiB", self.run_program("check", "-c", self.write("#" * (1 << 20) + "\n"), code=USAGE).stderr)

    def test_where_the_file_is_looked_for(self):
        self.write(SMALLEST.replace("cart", "here"), "sidespan.yaml")
        self.write(SMALLEST.replace("cart", "variable"), "variable.yaml")
        self.write(SMALLEST.replace("cart", "flag"), "flag.yaml")
        self.assertIn("service here", self.run_program("check").stdout)
        self.assertIn("service variable", self.run_program("check", SIDESPAN_CONFIG="variable.yaml").stdout)
        self.assertIn("service flag", self.run_program("check", "-c", "flag.yaml", SIDESPAN_CONFIG="variable.yaml").stdout)

    def test_no_file_is_fine_when_flags_say_enough(self):
        flags = ["--service", "cart", "--in", "8080=localhost:3000", "--out", "9001=http://catalog:8080", "--out", "9002=a:1", "--proxy", "7128"]
        self.assertIn("4 listeners", self.run_program("check", *flags).stdout)
        self.assertIn("--in and --out", self.run_program("check", "--service", "cart", code=USAGE).stderr)
        twice = self.run_program("check", *flags, "--in", "8080=localhost:3001", "--set", "drain.timeout=1s", "--set", "drain.timeout=2s", code=USAGE)
        self.assertEqual(twice.stderr, "sidespan: --in: 8080 is given twice\nsidespan: --set: drain.timeout is given twice\n")
        self.assertIn("--in takes PORT=HOST:PORT, not 8080", self.run_program("check", "--service", "cart", "--in", "8080", code=USAGE).stderr)

    def test_print_shows_origins_and_loads_again(self):
        words = ["config", "print", "-c", self.write(SMALLEST), "--log-level", "debug", "--set", "drain.timeout=3s"]
        done = self.run_program(*words, SIDESPAN_LIMITS_CONNECTIONS="7", OTEL_SERVICE_NAME="shop")
        for line in ("service: shop  # OTEL_SERVICE_NAME", "    to: localhost:3000  # f.yaml:3", "  level: debug  # --log-level",
                     "  timeout: 3s  # --set", "  connections: 7  # SIDESPAN_LIMITS_CONNECTIONS", "  format: auto  # default"):
            self.assertIn(line, done.stdout.splitlines())
        self.run_program("check", "-c", self.write(done.stdout, "again.yaml"))
        rows = {row["key"]: row for row in json.loads(self.run_program("config", "print", "-c", "f.yaml", "--json").stdout)}
        self.assertEqual(rows["inbound.8080.to"], {"key": "inbound.8080.to", "value": "localhost:3000", "origin": "f.yaml:3"})

    def test_print_of_a_wrong_file_is_usage(self):
        for words in ([], ["--json"]):
            done = self.run_program("config", "print", "-c", self.write("servce: a\n"), *words, code=USAGE)
            self.assertEqual(done.stdout, "")
            self.assertIn("f.yaml:1:1: servce: unknown key", done.stderr)

    def test_defaults_load(self):
        self.write(self.run_program("config", "defaults").stdout, "defaults.yaml")
        self.run_program("check", "-c", "defaults.yaml", "--service", "cart", "--in", "8080=localhost:3000")

    def test_a_warning_is_not_an_error(self):
        done = self.run_program("check", "-c", self.write(SMALLEST), OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318")
        self.assertEqual(done.stdout, "ok: service cart, 2 listeners\n")
        self.assertIn("use http://collector:4317", done.stderr)

    def test_viewer_with_a_wrong_flag_is_usage(self):
        for flag, key in (("--listen", "viewer.listen"), ("--otlp", "viewer.otlp"), ("--max-size", "viewer.max_size"),
                          ("--max-age", "viewer.max_age")):
            done = self.run_program("viewer", flag, "here", code=USAGE)
            self.assertIn(f'{flag}: {key}: "here" is not', done.stderr)
            self.assertEqual(done.stdout, "")


class probes(command_line_fixture):
    """health and wait, asked of a page that answers what the test says, and of the program."""

    def page(self, *statuses):
        """The statuses one after the other, the last for good. Its address."""
        left = list(statuses)
        one = self.enterContext(origin())
        one.otherwise(lambda request: request.reply(left.pop(0) if len(left) > 1 else left[0]))
        return one, f"127.0.0.1:{one.port}"

    def test_health_is_the_verdict_of_the_page(self):
        for status, code in ((200, OK), (503, NOT_READY), (404, NOT_READY), (500, NOT_READY)):
            with self.subTest(status):
                page, address = self.page(status)
                done = self.run_program("health", "--admin", address, code=code)
                self.assertEqual(done.stderr, "" if code == OK else f"sidespan: not ready: status {status}\n")
                self.run_program("health", "--admin", address, "--live", code=code)
                self.assertEqual(page.targets(), ["/readyz", "/livez"])

    def test_wait_asks_until_it_is_ready(self):
        page, address = self.page(503, 404, 503, 200)
        self.run_program("wait", "--admin", address, "--timeout", "60s")
        self.assertEqual(page.targets(), ["/readyz"] * 4)

    def test_wait_gives_up(self):
        _, address = self.page(503)
        self.assertIn("not ready: status 503", self.run_program("wait", "--admin", address, "--timeout", "600ms", code=NOT_READY).stderr)

    def test_a_timeout_is_longer_than_nothing(self):
        for command in ("health", "wait"):
            for timeout in ("soon", "0s", "-1s", "5"):
                done = self.run_program(command, "--admin", "127.0.0.1:1", f"--timeout={timeout}", code=USAGE)
                self.assertIn(f'--timeout: "{timeout}" is not a duration', done.stderr)

    def test_the_page_is_found_by_the_variable_of_the_program(self):
        page, _ = self.page(200)
        for everywhere in ("127.0.0.1", "0.0.0.0", "[::]", "*"):
            self.run_program("health", SIDESPAN_ADMIN_LISTEN=f"{everywhere}:{page.port}")
        self.run_program("health", SIDESPAN_ADMIN_LISTEN=str(page.port))
        self.assertEqual(page.targets(), ["/readyz"] * 5)

    def test_health_without_a_program_is_not_ready(self):
        done = self.run_program("health", "--admin", "127.0.0.1:1", code=NOT_READY)
        self.assertIn("cannot connect to 127.0.0.1:1", done.stderr)
        self.run_program("wait", "--admin", "127.0.0.1:1", "--timeout", "200ms", code=NOT_READY)
        self.run_program("wait", "--timeout", "soon", code=USAGE)

    def test_health_and_wait_with_a_program_that_is_ready(self):
        app = self.enterContext(origin())
        sidecar = self.enterContext(sidespan("cart").inbound(app.port).start())
        self.run_program("wait", "--admin", f"127.0.0.1:{sidecar.admin}", "--timeout", "30s")
        self.run_program("health", "--admin", f"127.0.0.1:{sidecar.admin}")
        self.run_program("health", "--admin", str(sidecar.admin), "--live")


class running(unittest.TestCase):
    def test_warnings_of_the_configuration_are_logged(self):
        with origin() as app, sidespan("cart").inbound(app.port).env(OTEL_TRACES_SAMPLER="xray").start() as sidecar:
            self.assertTrue(sidecar.logged('OTEL_TRACES_SAMPLER: warning: ignored: sampler "xray" is not known to this version'),
                            sidecar.log())


class schema(unittest.TestCase):
    """The schema is looser than the program, never stricter: what loads, validates."""

    @classmethod
    def setUpClass(cls):
        cls.text = subprocess.run([program(), "config", "schema"], env=environment(), text=True, capture_output=True, check=True).stdout
        cls.schema = json.loads(cls.text)
        jsonschema.Draft7Validator.check_schema(cls.schema)
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def problems(self, text):
        return [error.message[:300] for error in self.validator.iter_errors(named(yaml.load(text, core_loader)))]

    def test_the_shipped_file_is_the_printed_one(self):
        self.assertEqual((root / "config/sidespan.schema.json").read_text(), self.text)

    def test_examples_validate(self):
        files = [*(root / "config").glob("*.yaml"), *(root / "docker/demo/config").glob("*.yaml")]
        self.assertGreater(len(files), 4)
        for file in files:
            with self.subTest(file.name):
                self.assertEqual(self.problems(file.read_text()), [])

    def test_blocks_of_the_reference_validate(self):
        blocks = re.findall(r"^```yaml\n(.*?)^```$", (root / "docs/configuration.md").read_text(), re.MULTILINE | re.DOTALL)
        self.assertGreaterEqual(len(blocks), 2)
        for block in blocks:
            self.assertEqual(self.problems(block), [])

    def test_defaults_validate(self):
        defaults = subprocess.run([program(), "config", "defaults"], env=environment(), text=True, capture_output=True, check=True).stdout
        self.assertEqual(self.problems(defaults), [])

    def test_mistakes_do_not(self):
        for text in ("servce: a", "inbound: { 808x: a:1 }", "inbound: { 8080: { too: a:1 } }", "inbound: { 8080: { to: 'https://a' } }",
                     "log: { level: loud }", "log: { access: no }", "drain: { timeout: 3 }", "limits: { workers: 0 }", "limits: { workers: 257 }",
                     "trace: { sampler: { ratio: 2 } }", "trace: { propagators: [b3] }", "outbound: { 9001: { to: [] } }",
                     "export: { otlp: collector:4317 }", "inbound: { 8080: { to: a:1, routes: { a: b } } }"):
            with self.subTest(text):
                self.assertNotEqual(self.problems(text), [])


if __name__ == "__main__":
    unittest.main()
