"""A package index of a test's own: wheels in a folder, which are all that uv and pip find."""

import json
import zipfile

from telegram_bot_aws.local.project import VENV

from tests.support.needs import skip_or_fail


class Index:
    """Wheels in a folder. `set_variable` sets what tells the installers of them, and of caches."""

    def __init__(self, folder, set_variable):
        if not (VENV / "bin" / "uv").exists():
            skip_or_fail("needs uv, which scripts/bootstrap installs")
        self.folder = folder / "wheels"
        self.folder.mkdir()
        settings = folder / "uv.toml"
        settings.write_text(f"no-index = true\nfind-links = [{json.dumps(str(self.folder))}]\n")
        set_variable("PIP_NO_INDEX", "1")
        set_variable("PIP_FIND_LINKS", str(self.folder))
        set_variable("UV_CONFIG_FILE", str(settings))
        set_variable("UV_CACHE_DIR", str(folder / "uv"))
        set_variable("XDG_CACHE_HOME", str(folder / "cache"))

    def wheel(self, name, version, files, tag="py3-none-any"):
        """Make the wheel of a package with these files."""
        info = f"{name}-{version}.dist-info"
        contents = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        }
        record = "".join(f"{each},,\n" for each in [*contents, f"{info}/RECORD"])
        path = self.folder / f"{name}-{version}-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for each, text in {**contents, f"{info}/RECORD": record}.items():
                entry = zipfile.ZipInfo(each)
                entry.external_attr = 0o100755 << 16
                archive.writestr(entry, text)
        return path
