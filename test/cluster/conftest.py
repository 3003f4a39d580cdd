"""Fixtures of the cluster tests: one cluster for the run, one namespace for each test, and carve."""

import secrets

import pytest

from carve import Carve
from cluster import Cluster, build_programs, stop_on_sigterm


def pytest_configure(config):
    stop_on_sigterm()


@pytest.fixture(scope="session")
def programs(request):
    """The cluster's programs. Building them, once, takes minutes: its messages are shown while it runs."""
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        return build_programs()


@pytest.fixture(scope="session")
def cluster(request, programs):
    with Cluster(programs) as cluster:
        yield cluster
        cluster.keep_logs = bool(request.session.testsfailed)


@pytest.fixture
def namespace(cluster):
    name = f"test-{secrets.token_hex(4)}"
    cluster.add_namespace(name)
    yield name
    cluster.remove_namespace(name)


@pytest.fixture
def add_node(cluster):
    """cluster.add_node, undone after the test."""
    names = []

    def add(name, *arguments, **options):
        names.append(name)
        cluster.add_node(name, *arguments, **options)

    yield add
    for name in names:
        cluster.remove_node(name)


@pytest.fixture(scope="session")
def carve():
    return Carve()
