"""Which images the node's registry has, under the names that the program and the Platform's manifests write."""

from __future__ import annotations

from settings.releases import RELEASES
from testbed import build, paths, targets
from testbed.images.catalog import Catalog, Image
from testbed.images.layer import Layer
from testbed.images.registry import images_of
from testbed.node.configuration import PAUSE_IMAGE
from testbed.platform.shapes import PLATFORM_RELEASE

COREDNS_IMAGE = f"registry.k8s.io/coredns/coredns:v{targets.pinned('coredns', 'github.com/coredns/coredns')}"


def images() -> list[Image]:
    """Every image that a pod of the node may ask for; another name, or another tag, is not found."""
    catalog = Catalog(paths.PKI / "ca.crt")
    connect = [str(release.connect) for release in RELEASES]
    # What holds a pod's namespaces only has to wait.
    pause = Image(PAUSE_IMAGE, catalog.busybox().layer, ("/bin/sleep", "2147483647"))
    return [*images_of(catalog, connect, [PLATFORM_RELEASE]), pause, _coredns()]


def _coredns() -> Image:
    layer = Layer()
    layer.file("/coredns", (build.ensure(targets.COREDNS) / "coredns").read_bytes(), 0o755)
    return Image(COREDNS_IMAGE, layer, ("/coredns",))
