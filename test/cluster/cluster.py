#!/usr/bin/env python3
"""A real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.

Nothing is faked and nothing is shared: every Cluster has its own folder, ports, keys and processes, is up in seconds, and ends with its
owner, even if the owner is killed. It has no kubelet. A Node is what a test says it is (`add_node`): the scheduler believes its status.

    with Cluster() as cluster:
        cluster.kubectl("get", "nodes")

By hand: scripts/test-cluster up
"""

import contextlib
import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import kubernetes
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"]
START_TRIES = 3  # a port that was free when we looked may be taken when the program starts
START_SECONDS = 60
LOG_LINES_SHOWN = 20


class ClusterError(Exception):
    """The cluster itself does not work; the message ends with what the program in question said last."""


def wait_for(what, probe, seconds=30, watch=None):
    """Ask `probe` until its answer is true, and return it. It fails after `seconds` with what was last seen, or when `watch` raises."""
    deadline = time.monotonic() + seconds
    pause = 0.02
    while True:
        if watch:
            watch()
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s; last seen: {answer!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.3)


def build_programs():
    """Build what is missing (minutes, once) and return {program: path}."""
    build = subprocess.run([ROOT / "scripts/test-cluster-build"], stdout=subprocess.PIPE, text=True)
    if build.returncode != 0:
        raise ClusterError("scripts/test-cluster-build failed; its messages stand above")
    path = build.stdout.strip()
    return {name: Path(shutil.which(name, path=path)) for name in PROGRAMS}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def as_text(objects):
    """Text for kubectl, of objects or of text. JSON, since writers of YAML disagree on what needs quotes."""
    return objects if isinstance(objects, str) else "\n---\n".join(map(json.dumps, objects))


class Cluster:
    """One control plane. Attributes for tests: `kubeconfig` (a file), `api` (a kubernetes ApiClient), `core` (its CoreV1Api)."""

    def __init__(self, programs=None):
        self.programs = programs or build_programs()
        self.dir = Path(tempfile.mkdtemp(prefix="carve-cluster-"))
        self.logs = self.dir / "logs"
        self.kubeconfig = self.dir / "kubeconfig"
        self.processes = {}
        self.keep_logs = False
        self.api = None
        self.core = None

    def __enter__(self):
        try:
            for attempt in range(START_TRIES):
                if self._start(last=attempt == START_TRIES - 1):
                    return self
        except BaseException:
            self.keep_logs = True
            self.stop()
            raise

    def __exit__(self, kind, value, trace):
        self.keep_logs = self.keep_logs or kind not in (None, KeyboardInterrupt)
        self.stop()

    # ---- start and stop

    def _start(self, last):
        """Start everything on fresh ports. False: a port was taken meanwhile, so try again."""
        try:
            self.logs.mkdir(exist_ok=True)
            self._write_keys()
            port = self._start_etcd_and_apiserver()
            self._write_kubeconfig(port)
            self._start_controllers()
            self._connect()
            return True
        except ClusterError as e:
            if last or "address already in use" not in str(e):
                raise
            self._end_processes()
            shutil.rmtree(self.dir / "etcd", ignore_errors=True)
            return False

    def _write_keys(self):
        self.token = secrets.token_hex(16)
        (self.dir / "tokens.csv").write_text(f"{self.token},admin,admin,system:masters\n")
        key = self.dir / "service-account.key"
        command = ["openssl", "ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", key]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except FileNotFoundError:
            raise ClusterError("no openssl program; on Debian: apt-get install openssl") from None

    def _start_etcd_and_apiserver(self):
        client, peer, port = free_port(), free_port(), free_port()
        self._run(
            "etcd",
            f"--data-dir={self.dir}/etcd",
            f"--listen-client-urls=http://127.0.0.1:{client}",
            f"--advertise-client-urls=http://127.0.0.1:{client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        )
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{client}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",  # it would refuse to publish a loopback address
            f"--cert-dir={self.dir}",
            f"--token-auth-file={self.dir}/tokens.csv",
            "--authorization-mode=Node,RBAC",
            # What EKS switches on beside Kubernetes' defaults, as far as it changes objects.
            "--enable-admission-plugins=NodeRestriction,ExtendedResourceToleration",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.dir}/service-account.key",
            f"--service-account-signing-key-file={self.dir}/service-account.key",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged=true",
        )
        return port

    def _start_controllers(self):
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            f"--service-account-private-key-file={self.dir}/service-account.key",
            "--leader-elect=false",
            "--secure-port=0",
            "--node-monitor-grace-period=24h",  # nobody sends the heartbeats of a test's nodes
            "--horizontal-pod-autoscaler-sync-period=1s",
        )
        self._run("kube-scheduler", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--secure-port=0")

    def _run(self, name, *arguments):
        """Start a program that dies with us (setpriv), with a log of its own, away from the terminal's Ctrl-C."""
        with (self.logs / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", self.programs[name], *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.dir,
                start_new_session=True,
            )

    def _write_kubeconfig(self, port):
        certificate = self.dir / "apiserver.crt"
        wait_for("kube-apiserver writes its certificate", certificate.exists, START_SECONDS, self.check)
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(certificate)}}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "current-context": "test",
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))

    def _connect(self):
        self.api = kubernetes.config.new_client_from_config(str(self.kubeconfig))
        self.core = kubernetes.client.CoreV1Api(self.api)
        wait_for("kube-apiserver is ready", self._ready, START_SECONDS, self.check)
        wait_for("kube-controller-manager makes service accounts", lambda: self._has_account("default"), START_SECONDS, self.check)

    def _ready(self):
        with contextlib.suppress(kubernetes.client.ApiException, OSError, kubernetes.client.rest.urllib3.exceptions.HTTPError):
            return self.api.call_api("/readyz", "GET", response_type="str", auth_settings=["BearerToken"], _request_timeout=5)[1] == 200
        return False

    def _has_account(self, namespace):
        return any(a.metadata.name == "default" for a in self.core.list_namespaced_service_account(namespace).items)

    def check(self):
        """Raise if one of the programs has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise ClusterError(f"{name} ended with status {process.returncode}:\n{self.log_tail(name)}")

    def log_tail(self, name):
        lines = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_SHOWN:])

    def _end_processes(self):
        """The clients of the API server first, so that their logs end without a storm of errors."""
        for process in reversed(self.processes.values()):
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def stop(self):
        if self.api:
            self.api.close()
        self._end_processes()
        if not self.keep_logs:
            shutil.rmtree(self.dir, ignore_errors=True)
            return
        shutil.rmtree(self.dir / "etcd", ignore_errors=True)
        print(f"\ncluster logs kept in {self.logs}", file=sys.stderr)

    # ---- what tests do with it

    def kubectl(self, *arguments, stdin=None, check=True):
        """Run kubectl and return what it prints; with check=False the whole CompletedProcess."""
        command = [self.programs["kubectl"], f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)
        if not check:
            return done
        if done.returncode != 0:
            raise ClusterError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, objects, namespace=None, *options):
        """Server-side apply with strict field validation, of objects or of YAML text; returns the objects as stored."""
        scope = ["-n", namespace] if namespace else []
        out = self.kubectl("apply", "--server-side", "--validate=strict", "-o", "json", *scope, *options, "-f", "-", stdin=as_text(objects))
        stored = json.loads(out)
        return stored["items"] if stored["kind"] == "List" else [stored]

    def delete(self, objects, namespace=None, cascade="foreground"):
        """Delete objects and wait until they are gone with all that controllers made of them."""
        scope = ["-n", namespace] if namespace else []
        self.kubectl("delete", f"--cascade={cascade}", "--ignore-not-found", *scope, "-f", "-", stdin=as_text(objects))

    def add_namespace(self, name):
        self.core.create_namespace({"metadata": {"name": name}})
        wait_for(f"service account of namespace {name}", lambda: self._has_account(name), 30, self.check)

    def remove_namespace(self, name):
        """It goes in the background. Its pods leave at once: there is no kubelet that would take its time to stop them."""
        self.core.delete_namespace(name)
        self.core.delete_collection_namespaced_pod(name, grace_period_seconds=0)

    def add_node(self, name, allocatable, labels=None):
        """A Node with nobody behind it, that the scheduler takes for ready."""
        self.core.create_node({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}}})
        amounts = {"pods": "110", **{k: str(v) for k, v in allocatable.items()}}
        ready = {"type": "Ready", "status": "True", "reason": "Test", "message": "the test says so"}
        self.core.patch_node_status(name, {"status": {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}})
        wait_for(f"node {name} loses its not-ready taint", lambda: not self.core.read_node(name).spec.taints, 30, self.check)

    def remove_node(self, name):
        self.core.delete_node(name)


def stop_on_sigterm():
    """Let SIGTERM end Python as Ctrl-C does, so that what is open gets closed."""

    def stop(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)


def up():
    """Hold a cluster until Ctrl-C."""
    stop_on_sigterm()
    began = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt), Cluster() as cluster:
        print(f"# up after {time.monotonic() - began:.1f} s; logs in {cluster.logs}; Ctrl-C ends it and removes everything")
        print(f"export KUBECONFIG={cluster.kubeconfig}")
        print(f"export PATH={cluster.programs['kubectl'].parent}:$PATH", flush=True)
        while True:
            cluster.check()
            time.sleep(1)


if __name__ == "__main__":
    if sys.argv[1:] != ["up"]:
        sys.exit("usage: scripts/test-cluster up")
    up()
