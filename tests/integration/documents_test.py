# SPDX-License-Identifier: Apache-2.0
"""What documents and examples show is what the program takes."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import jsonschema
import yaml

from support.sidespan import environment, program, root

BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
PATHS = sorted([*root.glob("config/*.yaml"), *root.glob("docker/demo/config/*.yaml")])


def run(*arguments, **variables):
    return subprocess.run([program(), *arguments], env=environment(**variables), capture_output=True, text=True, timeout=60)


class examples(unittest.TestCase):
    def test_every_example_is_accepted(self):
        self.assertGreater(len(PATHS), 3)
        for path in PATHS:
            with self.subTest(path.name):
                done = run("check", "--config", str(path))
                self.assertEqual((done.returncode, done.stderr.count("error")), (0, 0), done.stdout + done.stderr)

    def test_every_example_fits_the_schema(self):
        schema = json.loads(run("config", "schema").stdout)
        self.assertEqual(schema, json.loads((root / "config/sidespan.schema.json").read_text()), "config/sidespan.schema.json is not what `config schema` prints")
        for path in PATHS:
            with self.subTest(path.name):
                jsonschema.validate(json.loads(json.dumps(yaml.safe_load(path.read_text()))), schema)

    def test_every_block_in_a_document_is_accepted(self):
        blocks = [(path, block) for path in [root / "README.md", *root.glob("docs/**/*.md")] for block in BLOCK.findall(path.read_text())]
        self.assertGreater(len(blocks), 0)
        with tempfile.TemporaryDirectory() as folder:
            for path, block in blocks:
                with self.subTest(path.name, block=block[:60]):
                    file = pathlib.Path(folder) / "block.yaml"
                    file.write_text(block)
                    done = run("check", "--config", str(file))
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class command_line(unittest.TestCase):
    def test_every_subcommand_explains_itself(self):
        for words in ([], ["run"], ["check"], ["config"], ["config", "print"], ["config", "defaults"], ["config", "schema"],
                      ["viewer"], ["health"], ["wait"], ["version"]):
            with self.subTest(words):
                done = run(*words, "--help")
                self.assertEqual(done.returncode, 0)
                self.assertIn("Usage", done.stdout)

    def test_problems_are_reported_all_at_once_with_their_place_and_a_suggestion(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "wrong.yaml"
            file.write_text("service: cart\ninbuond:\n  8080: localhost:3000\ninbound:\n  8080: localhost:99999\ntrace:\n  sampler: sometimes\n")
            done = run("check", "--config", str(file))
        self.assertEqual(done.returncode, 2)
        text = done.stdout + done.stderr
        for place in ("wrong.yaml:2:1", "wrong.yaml:5:", "wrong.yaml:7:"):
            self.assertIn(place, text)
        self.assertIn("inbound", text.split("wrong.yaml:2:1")[1].split("\n")[0])

    def test_every_status_that_is_made_here_is_in_the_table(self):
        source = (root / "proxy/forward/local_reply.cpp").read_text().split("int status_for")[1].split("bool closes_connection")[0]
        made = set(re.findall(r"return (\d{3});", source))
        self.assertGreater(len(made), 12)
        table = (root / "docs/operations.md").read_text().split("## Answers that sidespan makes itself")[1]
        self.assertEqual({status for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for status in row.split(", ")}, made)

    def test_the_defaults_are_a_configuration_that_is_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "defaults.yaml"
            file.write_text(run("config", "defaults").stdout)
            done = run("check", "--config", str(file), "--service", "cart", "--in", "8080=localhost:3000")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
