"""How Java servers are started: small, and quick to be ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ARCHIVE = "classes.jsa"

# Measured on two cores: the quick compiler alone halves the start and takes 40 MB less; the serial
# collector does not start threads for every core.
_SMALL = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Dfile.encoding=UTF-8",
)


@dataclass(frozen=True)
class Jvm:
    """Where a server's jars are, and how much memory it gets.

    home: the folder that tools/setup filled: libs/ and, once made, an archive of loaded classes.
    The archive belongs to this exact list of jars and this build of Java; where either differs,
    Java leaves it out and starts slower.
    """

    home: Path
    heap_mb: int
    record_archive: bool = False

    def argv(self, options_file: Path, options: Sequence[str], main: str, *words: str) -> list[str]:
        """The command. Java's own options go to a file, to keep the command line readable."""
        jars = sorted(str(jar) for jar in (self.home / "libs").glob("*.jar"))
        if not jars:
            raise FileNotFoundError(f"no jars in {self.home}/libs: run tools/setup servers")
        lines = [
            f"-Xms{min(64, self.heap_mb)}m",
            f"-Xmx{self.heap_mb}m",
            *_SMALL,
            *self._archive_options(),
            *options,
            "-cp",
            ":".join(jars),
        ]
        options_file.write_text("".join(f"{_quoted(line)}\n" for line in lines))
        return ["java", f"@{options_file}", main, *words]

    def _archive_options(self) -> list[str]:
        archive = self.home / ARCHIVE
        if self.record_archive:
            return [f"-XX:ArchiveClassesAtExit={archive}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"]
        if archive.exists():
            return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]
        return []


def _quoted(option: str) -> str:
    escaped = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
