"""Engines for .ci/scale, all on loopback: a standalone Spark cluster of one master and two workers, a Spark Connect server
on it, and Sail.

Every process leads a process group of its own, so that a worker can be killed with its executors, as a machine would be
lost, and so that nothing outlives the script that started it.
"""
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

LOOPBACK = "127.0.0.1"
WORKERS = 2


def free_port():
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return listener.getsockname()[1]


class Started:
    """Processes that are stopped together."""

    def __init__(self, logs):
        self.logs, self.running = logs, {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name, command, env):
        log = (self.logs / f"{name}.log").open("wb")
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.running[name] = process
        return process

    def log(self, name):
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def wait_for(self, name, ready, seconds=120):
        """Waits until something is so, as long as the process lives."""
        end = time.monotonic() + seconds
        while not ready():
            if self.running[name].poll() is not None:
                raise RuntimeError(f"{name} ended with {self.running[name].returncode}:\n{self.log(name)[-2000:]}")
            if time.monotonic() > end:
                raise RuntimeError(f"{name} is not ready after {seconds} s:\n{self.log(name)[-2000:]}")
            time.sleep(0.1)

    def send(self, name, sign):
        """A signal to a process and all that it started."""
        os.killpg(self.running[name].pid, sign)

    def kill(self, name):
        """kill -9 of a process and all that it started."""
        self.send(name, signal.SIGKILL)
        self.running.pop(name).wait()

    def stop(self, *names):
        """Asks first; what is still there after ten seconds is killed."""
        chosen = [self.running.pop(name) for name in names or list(self.running)]
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for process in chosen:
                try:
                    os.killpg(process.pid, sign)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + 10
            for process in chosen:
                try:
                    process.wait(max(0.1, end - time.monotonic()))
                except subprocess.TimeoutExpired:
                    pass


def listens(port):
    try:
        socket.create_connection((LOOPBACK, port), 1).close()
        return True
    except OSError:
        return False


class Spark:
    """A standalone cluster. pip's PySpark has all of it but the scripts that start it."""

    def __init__(self, started, python, folder):
        self.started, self.python, self.folder = started, python, folder
        asked = subprocess.run([python, "-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))"], capture_output=True, text=True, check=True)
        self.home = Path(asked.stdout.strip())
        self.env = os.environ | {
            "SPARK_HOME": str(self.home),
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_DAEMON_MEMORY": "512m",
            "PYSPARK_PYTHON": str(python),
            "PYSPARK_DRIVER_PYTHON": str(python),
            "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        }
        self.port = free_port()
        self.master = f"spark://{LOOPBACK}:{self.port}"
        self.settings = {
            "spark.ui.enabled": "false",
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.executor.memory": "1200m",
            "spark.driver.memory": "1g",
            "spark.sql.shuffle.partitions": "4",
            # The loss of a worker is noticed sooner than by default.
            "spark.network.timeout": "60s",
            "spark.executor.heartbeatInterval": "5s",
        }

    def up(self):
        daemon = lambda kind, *args: [str(self.home / "bin/spark-class"), f"org.apache.spark.deploy.{kind}", "--host", LOOPBACK, "--webui-port", "0", *args]
        self.started.start("master", daemon("master.Master", "--port", str(self.port)), self.env)
        self.started.wait_for("master", lambda: listens(self.port))
        for number in range(WORKERS):
            work = self.folder / f"work-{number}"
            command = daemon("worker.Worker", "--cores", "1", "--memory", "1500m", "--work-dir", str(work), self.master)
            self.started.start(f"worker-{number}", command, self.env)
        self.started.wait_for("master", lambda: self.started.log("master").count("Registering worker") >= WORKERS)

    def conf(self, **more):
        return [word for key, value in (self.settings | more).items() for word in ("--conf", f"{key}={value}")]

    def submit(self, script, *args):
        """The command of a job on the cluster."""
        return [str(self.home / "bin/spark-submit"), "--master", self.master, *self.conf(), str(script), *args]

    def connect_up(self):
        """Starts a Spark Connect server and gives its address."""
        port = free_port()
        own = {"spark.connect.grpc.binding.address": LOOPBACK, "spark.connect.grpc.binding.port": str(port)}
        # By default a stream of answers ends after two minutes, and clients must ask for the rest; here they must soon.
        own["spark.connect.execute.reattachable.senderMaxStreamDuration"] = "2s"
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        command = [str(self.home / "bin/spark-submit"), "--master", self.master, "--class", server, *self.conf(**own)]
        self.started.start("connect", command, self.env)
        self.started.wait_for("connect", lambda: listens(port))
        return f"sc://{LOOPBACK}:{port}"

    def tasks(self, worker):
        """The tasks that the executors of a worker began, and those that they ended, by application and number."""
        began, ended = set(), set()
        for log in (self.folder / f"work-{worker}").glob("app-*/*/stderr"):
            application = log.parent.parent.name
            for word, number in re.findall(r"(Running|Finished) task .*\(TID (\d+)\)", log.read_text(errors="replace")):
                (began if word == "Running" else ended).add((application, int(number)))
        return began, ended


def sail_up(started, folder):
    """Starts Sail and gives its address."""
    port = free_port()
    started.start("sail", [str(folder / "bin/sail"), "spark", "server", "--ip", LOOPBACK, "--port", str(port)], dict(os.environ))
    started.wait_for("sail", lambda: listens(port))
    return f"sc://{LOOPBACK}:{port}"
