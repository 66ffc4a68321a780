"""Where the course lives, from the one setting ``repository`` in _config.yml: every link that needs it is made here.

Usage: python tools/address.py    (writes it into README.md and CITATION.cff, or takes it out again)
"""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- address -->\n).*?(<!-- end of address -->)", re.S)  # in README.md
LINES = re.compile(r"^(?:repository-code|url): .*\n", re.M)  # in CITATION.cff
HOSTS = {"github.com": ("gh", "github.io"), "gitlab.com": ("gl", "gitlab.io")}  # Binder's name, and where pages stand


class Address(NamedTuple):
    """A repository, and where its pages stand; a path is that of a file in it, such as "book/00-tour.ipynb"."""

    host: str
    owner: str
    name: str
    branch: str
    pages: str

    @property
    def url(self) -> str:
        return f"https://{self.host}/{self.owner}/{self.name}"

    def _file(self, action: str, path: str) -> str:
        return f"{self.url}/{'-/' * (self.host == 'gitlab.com')}{action}/{self.branch}/{path}"

    def edit(self, path: str) -> str:
        return self._file("edit", path)

    def download(self, path: str) -> str:
        return self._file("raw", path)

    def binder(self, path: str) -> str:
        short, _ = HOSTS[self.host]
        project = f"{self.owner}/{self.name}" if short == "gh" else f"{self.owner}/{self.name}".replace("/", "%2F")
        return f"https://mybinder.org/v2/{short}/{project}/{self.branch}?urlpath=lab/tree/{path}"

    def colab(self, path: str) -> str | None:
        """Colab opens notebooks from GitHub alone."""
        if self.host != "github.com":
            return None
        return f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/{self.branch}/{path}"


def address(root: Path = ROOT) -> Address | None:
    """The address that ``root``/_config.yml gives; None where it gives none.

    Raises:
        ValueError: it is no repository on GitHub or GitLab.
    """
    config = yaml.safe_load((root / "_config.yml").read_text())
    repository = config.get("repository") or {}
    url = (repository.get("url") or "").rstrip("/").removesuffix(".git")
    if not url:
        return None
    parts = urlsplit(url)
    owner, _, name = parts.path.strip("/").rpartition("/")
    if parts.scheme != "https" or parts.netloc not in HOSTS or not owner:
        raise ValueError(
            f"repository.url in _config.yml is {url!r}; expected https://github.com/OWNER/NAME or "
            "https://gitlab.com/OWNER/NAME, or nothing"
        )
    first, _, below = owner.partition("/")  # GitLab has groups in groups
    pages = f"https://{first.lower()}.{HOSTS[parts.netloc][1]}/{below + '/' if below else ''}{name}/"
    own = (config.get("html") or {}).get("baseurl")  # a domain of its own
    return Address(
        parts.netloc, owner, name, repository.get("branch") or "main", own.rstrip("/") + "/" if own else pages
    )


def readme_block(place: Address | None) -> str:
    if place is None:
        return ""
    start, tour = place.binder("book/00-welcome.ipynb"), place.colab("book/00-tour.ipynb")
    links = [f"[![Launch in Binder](https://mybinder.org/badge_logo.svg)]({start})"]
    links += [f"[![Open the tour in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({tour})"] * bool(
        tour
    )
    return " ".join([*links, f"[Read the pages]({place.pages})"]) + "\n"


def with_address(readme: str, citation: str, place: Address | None) -> tuple[str, str]:
    """The texts of README.md and CITATION.cff with this address in place of any other."""
    readme = BLOCK.sub(lambda found: found[1] + readme_block(place) + found[2], readme)
    citation = LINES.sub("", citation)
    if place:
        citation = citation.rstrip("\n") + f"\nrepository-code: {place.url}\nurl: {place.pages}\n"
    return readme, citation


def main(root: Path = ROOT) -> None:
    files = [root / "README.md", root / "CITATION.cff"]
    for file, text in zip(files, with_address(*(file.read_text() for file in files), address(root)), strict=True):
        file.write_text(text)


if __name__ == "__main__":
    main()
