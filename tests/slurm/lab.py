"""A SLURM of its own on this machine: munged, slurmctld and a few slurmd in a scratch folder, as root, without systemd.

    with Lab() as lab:
        job = lab.sbatch(["script.sbatch", "argument"], ntasks=3)
        state, exit_code = lab.wait(job)

Everything that is started is stopped, whatever happens in between.
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ENDED = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
         "TIMEOUT"}

CONFIGURATION = """
ClusterName=laboratory
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket={root}/munge/socket,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd-%n.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2,sched_min_interval=0
ReturnToService=2
KillWait=5
JobRequeue=1
MinJobAge=3600
PlugStackConfig={root}/plugstack.conf
TmpFS={root}/tmp/%n
SwitchType=switch/none
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={n1_port} CPUs=32 RealMemory=65536
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={n2_port} CPUs=32 RealMemory=65536
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""
NODES = ("n1", "n2")


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


def missing():
    """Why there can be no laboratory here; "" when there can."""
    programs = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel", "mpirun"]
    gone = [p for p in programs if not shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if gone:
        return "not installed: " + ", ".join(gone)
    return "" if os.geteuid() == 0 else "needs root"


class Lab:
    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="slurm-lab-")
        self.processes = []
        self.environment = dict(
            os.environ,
            SLURM_CONF=f"{self.root}/slurm.conf",
            TMPDIR=f"{self.root}/tmp",
            PATH=os.environ["PATH"] + ":/usr/sbin:/sbin",
            OMPI_ALLOW_RUN_AS_ROOT="1",
            OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
            OMPI_MCA_rmaps_base_oversubscribe="1",
            OMPI_MCA_hwloc_base_binding_policy="none",
            OMPI_MCA_btl_vader_single_copy_mechanism="none",
        )
        for name in [n for n in self.environment if n.startswith("SLURM_") and n != "SLURM_CONF"]:
            del self.environment[name]

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        for folder in ["munge", "state", "spool/n1", "spool/n2", "tmp/n1", "tmp/n2", "work"]:
            os.makedirs(f"{self.root}/{folder}", mode=0o755)
        os.chmod(self.root, 0o755)
        key = f"{self.root}/munge/key"
        with open(key, "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(key, 0o400)
        open(f"{self.root}/plugstack.conf", "w").close()
        ctld, n1, n2 = free_ports(3)
        with open(f"{self.root}/slurm.conf", "w") as file:
            file.write(CONFIGURATION.format(host=socket.gethostname().split(".")[0], root=self.root, ctld_port=ctld,
                                            n1_port=n1, n2_port=n2))
        munge = f"{self.root}/munge"
        self.spawn("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge}/socket",
                   f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed")
        self.until(lambda: os.path.exists(f"{munge}/socket"), "munged")
        self.spawn("slurmctld", "-D", "-i")
        self.until(lambda: self.run("scontrol", "ping", check=False).returncode == 0, "slurmctld")
        for node in NODES:
            self.spawn("slurmd", "-D", "-N", node)
        self.until(lambda: self.output("sinfo", "-h", "-o", "%T").split() == ["idle"], "the nodes")

    def spawn(self, *command):
        with open(f"{self.root}/{command[0]}-{len(self.processes)}.out", "w") as log:
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                   env=self.environment, start_new_session=True))

    def until(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"{what} did not come up in {seconds} s; logs:\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        parts = []
        for name in sorted(os.listdir(self.root)):
            if name.endswith((".log", ".out")):
                with open(f"{self.root}/{name}", errors="replace") as file:
                    parts.append(f"--- {name}\n" + file.read()[-2000:])
        return "\n".join(parts)

    def run(self, *command, check=True, **options):
        return subprocess.run(command, env=self.environment, check=check, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, **options)

    def output(self, *command):
        result = self.run(*command, check=False)
        return result.stdout if result.returncode == 0 else ""

    def sbatch(self, arguments, cwd, **environment):
        """Submits; returns the job id."""
        result = subprocess.run(["sbatch", "--parsable", *arguments], env={**self.environment, **environment},
                                cwd=cwd, text=True, capture_output=True, timeout=60)
        if result.returncode != 0:
            raise RuntimeError(result.stderr)
        return result.stdout.strip().split(";")[0]

    def job(self, job):
        """Fields of a job as scontrol shows them."""
        return dict(re.findall(r"(\w+)=(\S*)", self.output("scontrol", "-o", "show", "job", str(job))))

    def wait(self, job, seconds=300):
        """(state, exit code, restarts) of a job that has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            fields = self.job(job)
            if fields.get("JobState") in ENDED:
                return fields["JobState"], fields["ExitCode"], int(fields.get("Restarts", 0))
            time.sleep(0.3)
        raise RuntimeError(f"job {job} has not ended in {seconds} s: {self.job(job)}\n{self.logs()}")

    def __exit__(self, *_):
        if len(self.processes) > 1:
            jobs = self.output("squeue", "-h", "-o", "%A").split()
            if jobs:
                self.run("scancel", "--signal=KILL", "--full", *jobs, check=False)
                self.run("scancel", *jobs, check=False)
                time.sleep(1)
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.kill_strays()
        shutil.rmtree(self.root, ignore_errors=True)

    def kill_strays(self):
        """Step daemons and jobs that outlived their slurmd: known by the configuration in their environment."""
        mark = f"SLURM_CONF={self.root}/slurm.conf".encode()
        for pid in [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]:
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if mark in file.read().split(b"\0"):
                        os.kill(pid, signal.SIGKILL)
