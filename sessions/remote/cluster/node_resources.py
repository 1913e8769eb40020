"""What a task asks of the node that it runs on, as Ray takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sessions.remote.cluster.shapes import ActorOptions, NodeGives

CPUS, GPUS, MEMORY = "cpus", "gpus", "memory_gb"


@dataclass(frozen=True, slots=True)
class Needs:
    """`resources`: cpus, gpus, memory_gb, and any that the nodes have; `labels`: a node's own."""

    resources: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def options(self) -> ActorOptions:
        """As Ray's options of an actor."""
        rest = {k: float(v) for k, v in self.resources.items() if k not in (CPUS, GPUS, MEMORY)}
        found: ActorOptions = {
            "num_cpus": float(self.resources.get(CPUS, 1.0)),
            "num_gpus": float(self.resources.get(GPUS, 0.0)),
        }
        if memory := self.resources.get(MEMORY):
            found["memory"] = int(memory * 2**30)
        if rest:
            found["resources"] = rest
        if self.labels:
            found["label_selector"] = dict(self.labels)
        return found

    def lack(self, nodes: Iterable[NodeGives]) -> str:
        """What no node of the cluster could ever give, in words; "" where one could."""
        if any(self._fits(node) for node in nodes):
            return ""
        said = [f"{name} {value:g}" for name, value in self.resources.items()]
        said += [f"{name}={value}" for name, value in self.labels.items()]
        return ", ".join(said) or "a CPU"

    def _fits(self, node: NodeGives) -> bool:
        has, labels = node["resources"], node["labels"]
        options = self.options()
        wanted = {
            "CPU": options["num_cpus"], "GPU": options["num_gpus"],
            "memory": float(options.get("memory", 0)), **options.get("resources", {}),
        }  # fmt: skip
        enough = all(has.get(name, 0.0) >= value for name, value in wanted.items())
        return enough and all(labels.get(k) == v for k, v in self.labels.items())
