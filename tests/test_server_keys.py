"""An artist's key: both of its files are written, or neither, and what is in the way is named."""

import pytest

from backend.server.__main__ import EXIT_WORDS, main
from backend.server.keys import KeyProblem, add_artist
from backend.server.settings import ServerConfig
from shared.connection import read

ADDRESS = "127.0.0.1:47800"


def test_a_key_that_could_not_be_handed_out_leaves_the_name_free(tmp_path):
    no_folder = tmp_path / "no folder"
    no_folder.touch()
    with pytest.raises(KeyProblem, match=r"no folder/mara\.clone-key\.json cannot be"):
        add_artist(tmp_path / "run", "mara", ADDRESS, no_folder)
    assert read(add_artist(tmp_path / "run", "mara", ADDRESS, tmp_path))


def files_in(folder) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_a_key_that_could_not_be_kept_is_not_handed_out(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "artists").symlink_to(tmp_path / "a disk that is not there")
    handed_out = tmp_path / "mara.clone-key.json"
    handed_out.write_text("another server's")
    with pytest.raises(KeyProblem, match=r"No key was made for mara\. .*mara\.key cannot be"):
        add_artist(tmp_path / "run", "mara", ADDRESS, tmp_path)
    assert handed_out.read_text() == "another server's"
    assert files_in(tmp_path) == {"mara.clone-key.json", "server.key"}


def test_a_key_that_could_not_be_handed_out_leaves_no_secret_behind(tmp_path):
    (tmp_path / "mara.clone-key.json").mkdir()
    with pytest.raises(KeyProblem, match="No key was made for mara"):
        add_artist(tmp_path / "run", "mara", ADDRESS, tmp_path)
    assert files_in(tmp_path) == {"server.key"}


@pytest.mark.parametrize("name", ["server.key", "artists", "artists/mara.key"])
def test_what_is_in_the_way_of_a_key_is_named(tmp_path, capsys, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    in_the_way = tmp_path / "run" / name
    in_the_way.parent.mkdir(parents=True)
    in_the_way.mkdir() if name != "artists" else in_the_way.touch()
    word = "remove" if name.endswith("mara.key") else "add"
    config = ServerConfig("keys", run_dir=tmp_path / "run", address="a:1", words=(word, "mara"))
    assert main(config) == EXIT_WORDS
    assert f"{name} cannot be" in capsys.readouterr().out
