/* SPDX-License-Identifier: GPL-2.0-only */
/* The task that a signal is aimed at, and what it would do about it. */
#ifndef SIGTRACE_TARGET_BPF_H
#define SIGTRACE_TARGET_BPF_H

#include "kernel.bpf.h"
#include "sender.bpf.h"
#include "sigtrace.h"

#define THREADS_LOOKED_AT 32
#define THREADS_AT_ONCE 8
#define SIG_DFL 0
#define SIG_IGN 1
#define SIGKILL 9 /* asm-generic/signal.h; the machines that differ are not built for */
#define SIGXCPU 24

/*
 * What follows some nodes among a process's threads; 0 if one of these threads would take the signal, 1 if all
 * to the end block it. Read by a helper a node is a number, which is all that a verified function
 * (path.bpf.h) takes and returns.
 */
__noinline __u64 after_blocking(__u64 node, __u64 bit, __u64 end)
{
	__u64 address;

	for (int i = 0; i < THREADS_AT_ONCE; i++) {
		address = node - bpf_core_field_offset(struct task_struct, thread_node);
		if (!(READ(typed(task_struct, address), blocked.sig[0]) & bit))
			return 0;
		node = (__u64)BPF_CORE_READ((struct task_struct *)address, thread_node.next);
		if (node == end)
			return 1;
	}
	return node;
}

/* True when no thread that was looked at would take the signal: complete_signal(), kernel/signal.c. */
__noinline int all_block(__u64 leader, __u64 bit)
{
	__u64 group = (__u64)BPF_CORE_READ((struct task_struct *)leader, signal);
	__u64 end = group + bpf_core_field_offset(struct signal_struct, thread_head);
	__u64 node = (__u64)BPF_CORE_READ((struct signal_struct *)group, thread_head.next);

	for (int i = 0; i < THREADS_LOOKED_AT / THREADS_AT_ONCE; i++) {
		node = after_blocking(node, bit, end);
		if (node <= 1)
			return node;
	}
	return false;
}

/* What check_process_timers() (kernel/time/posix-cpu-timers.c) acts on. */
static __always_inline bool is_limited(struct task_struct *task)
{
	task = typed(task_struct, task);
	return READ(task, signal, rlim[RLIMIT_CPU].rlim_cur) != RLIM_INFINITY ||
	       READ(task, signal, rlim[RLIMIT_RTTIME].rlim_cur) != RLIM_INFINITY;
}

#define HANDLER(n)    \
	case (n) + 1: \
		return sighand->action[n].sa.sa_handler;
#define HANDLERS(n)                                                             \
	HANDLER(n) HANDLER(n + 1) HANDLER(n + 2) HANDLER(n + 3) HANDLER(n + 4) \
		HANDLER(n + 5) HANDLER(n + 6) HANDLER(n + 7)

static __always_inline void *handler_of(struct sighand_struct *sighand, __u32 number)
{
	if (CAN_CAST) {
		/* The verifier lets a typed pointer be read at constant places: it is moved before it is given its type. */
		__u32 step = bpf_core_field_size(struct sighand_struct, action[0]);

		sighand = typed(sighand_struct, (void *)sighand + (number - 1) * step);
		return sighand->action[0].sa.sa_handler;
	}
	/* A helper that reads anywhere costs more than the six comparisons that this becomes. */
	switch (number) {
		HANDLERS(0)
		HANDLERS(8)
		HANDLERS(16)
		HANDLERS(24)
		HANDLERS(32)
		HANDLERS(40)
		HANDLERS(48)
		HANDLERS(56)
	}
	return NULL;
}

static __always_inline __u32 target_flags(struct task_struct *task, __u32 number, bool group)
{
	__u32 flags = TARGET_KNOWN;
	__u64 bit = 1ULL << (number - 1), handler;
	struct task_struct *same = typed(task_struct, task);
	struct signal_struct *shared = same->signal;
	__u32 state = shared->flags;

	if ((task->flags & PF_EXITING) || (state & SIGNAL_GROUP_EXIT))
		flags |= TARGET_EXITING;
	if (state & SIGNAL_UNKILLABLE)
		flags |= TARGET_PROTECTED;
	if ((number == SIGKILL || number == SIGXCPU) && is_limited(task))
		flags |= TARGET_LIMITED;
	handler = (__u64)handler_of(same->sighand, number);
	if (handler == SIG_IGN)
		flags |= TARGET_IGNORES;
	else if (handler != SIG_DFL)
		flags |= TARGET_HANDLES;
	if (task->blocked.sig[0] & bit) {
		if (!group || shared->nr_threads == 1 ||
		    all_block((__u64)BPF_CORE_READ(task, group_leader), bit))
			flags |= TARGET_BLOCKS;
	}
	return flags;
}

static __always_inline void fill_target(struct end *end, struct task_struct *task,
					const struct cred *cred)
{
	end->pid = task->tgid;
	end->tid = task->pid;
	end->uid = cred->uid.val;
	end->start = start_of(task);
	copy_comm(end->comm, task->comm);
}

#endif
