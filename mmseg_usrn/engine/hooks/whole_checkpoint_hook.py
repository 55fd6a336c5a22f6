"""Checkpoints that a kill at any moment leaves whole."""

import os.path as osp
import re
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..work_dir import PART, POINTER, write_pointer

_OURS = re.compile(rf'(?:iter|epoch|best_.+)_\d+\.pth|{POINTER}')


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """MMEngine's hook, which removes nothing before its successor is there.

    The runner writes a checkpoint beside its place and renames it. Then the
    pointer ``last_checkpoint`` is written, and last the older checkpoint is
    removed. A checkpoint names what is removed after it, so that a run which
    was killed in between does it when it is resumed. The tools use this hook
    wherever a config has ``CheckpointHook``, whose settings it takes.
    """

    best_ckpt_path: str | None
    best_ckpt_path_dict: dict[str, str | None]
    file_backend: Any

    def before_train(self, runner: Runner) -> None:
        """Find what an earlier part of this run has left."""
        super().before_train(runner)
        info = runner.message_hub.runtime_info
        self.last_ckpt = self._here(info.get('last_ckpt'))
        # The work dir may have moved since.
        if self.save_best and len(self.key_indicators) == 1:
            self.best_ckpt_path = self._here(self.best_ckpt_path)
        elif self.save_best:
            self.best_ckpt_path_dict = {
                name: self._here(path)
                for name, path in self.best_ckpt_path_dict.items()
            }
        self._outdated: list[str] = list(info.get('outdated_ckpts', ()))
        backend = self.file_backend
        self.file_backend = _LateRemoval(backend, self._outdated)
        self._remove_outdated()
        if is_main_process() and '://' not in self.out_dir:
            for name in backend.list_dir_or_file(
                self.out_dir, list_dir=False, suffix=PART
            ):
                if _OURS.fullmatch(name.removesuffix(PART)):
                    backend.remove(osp.join(self.out_dir, name))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Leave the teacher, half of the weights, out of the best checkpoint.

        No run is resumed from it, and one that begins with its weights has a
        new teacher.
        """
        if 'optimizer' not in checkpoint:
            checkpoint['state_dict'] = {
                name: weight
                for name, weight in checkpoint['state_dict'].items()
                if not name.startswith('teacher.')
            }

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                oldest = self.keep_ckpt_ids.popleft()
                self._outdated.append(self.filename_tmpl.format(oldest))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info(
                'keep_ckpt_ids', list(self.keep_ckpt_ids)
            )
        name = self.filename_tmpl.format(step)
        self.last_ckpt = path = osp.join(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', path)
        runner.message_hub.update_info('outdated_ckpts', list(self._outdated))
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            write_pointer(runner.work_dir, path)
        self._remove_outdated()

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self._remove_outdated()

    def _remove_outdated(self) -> None:
        backend = self.file_backend.backend
        paths = getattr(self, 'best_ckpt_path_dict', {}).values()
        kept = {getattr(self, 'best_ckpt_path', None), *paths}
        for path in map(self._here, self._outdated):
            # Where a step is validated again, the best one keeps its name.
            if is_main_process() and path not in kept and backend.isfile(path):
                backend.remove(path)
        self._outdated.clear()

    def _here(self, path: str | None) -> str | None:
        return path and osp.join(self.out_dir, osp.basename(path))


class _LateRemoval:
    """A file backend that notes the names of what is to be removed."""

    def __init__(self, backend, names: list[str]) -> None:
        self.backend = backend
        self.names = names

    def remove(self, path: str) -> None:
        self.names.append(osp.basename(path))

    def __getattr__(self, name: str):
        return getattr(self.backend, name)
