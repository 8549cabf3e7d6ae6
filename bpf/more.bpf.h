/* SPDX-License-Identifier: GPL-2.0-only */
/* What only few signals have: a tracer, a call that seccomp refused, a shared memory, a cgroup. */
#ifndef SIGTRACE_MORE_BPF_H
#define SIGTRACE_MORE_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "process.bpf.h"
#include "siginfo.bpf.h"
#include "syscall.bpf.h"

/* How deep the cgroup lies whose file this is: the file's kernfs_node is in the inode, kernfs_init_inode(). */
static __always_inline __u32 cgroup_level(__u32 fd)
{
	struct file *file = file_of(typed(task_struct, bpf_get_current_task()), fd);
	struct kernfs_node *node;
	__u64 root;

	if (!file)
		return 0;
	node = READ(typed(file, file), f_inode, i_private);
	if (!node)
		return 0;
	node = parent_of(typed(kernfs_node, node));
	if (!node)
		return 0;
	root = (__u64)READ(typed(kernfs_node, node), priv) - bpf_core_field_offset(struct cgroup_root, cgrp);
	return READ(typed(cgroup_root, root), cgrp.level);
}

/* Who traces a task is described before it is told of. Apart from tell_more(), whose stack would be added to that of
 * describe(): process.bpf.h. */
__noinline int describe_tracer(__u64 address)
{
	struct task_struct *task = typed(task_struct, address);
	__u64 start = 0;
	__u32 tracer = 0;

	fill_tracer(&start, &tracer, task);
	if (tracer)
		describe_new((__u64)BPF_CORE_READ((struct task_struct *)address, parent, group_leader),
			     tracer == (__u32)(bpf_get_current_pid_tgid() >> 32), ON_SIGNAL);
	return 0;
}

/* Of a task and its siginfo (0 and 1: none), where there is more to tell. */
__noinline int tell_more(__u64 address, __u64 info, __u64 time, __u32 number)
{
	struct more_record record = { .type = RECORD_MORE, .refused = -1 };
	struct task_struct *task = typed(task_struct, address);
	struct kernel_siginfo whole = {};
	struct syscall call;

	record.tid = READ(task, pid);
	record.time = time;
	fill_tracer(&record.tracer_start, &record.tracer, task);
	if (number == SIGSYS && info > 1) {
		bpf_probe_read_kernel(&whole, sizeof(whole), (void *)info);
		if (whole.si_code == SYS_SECCOMP) {
			record.refused = whole.si_syscall;
			record.arch = whole.si_arch;
			if (READ(task, seccomp.mode) == SECCOMP_MODE_DEAD)
				record.action = ACTION_KILL;
		}
	}
	if (number == SIGKILL) {
		call = current_syscall(CURRENT_TASK);
		if (call.call == CALL_WRITE)
			record.level = cgroup_level(call.asked);
		if (!sends(call.call))
			record.memory = (__u64)READ(task, mm);
	}
	if (!record.tracer && !record.arch && !record.level && !record.memory)
		return 0;
	if (bpf_ringbuf_output(&ring, &record, sizeof(record), 0))
		count_loss(LOST_PROCESSES);
	return 0;
}

#endif
