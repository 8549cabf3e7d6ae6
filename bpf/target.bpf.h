/* SPDX-License-Identifier: GPL-2.0-only */
/* The task that a signal is aimed at, and what it would do about it. */
#ifndef SIGTRACE_TARGET_BPF_H
#define SIGTRACE_TARGET_BPF_H

#include "kernel.bpf.h"
#include "sender.bpf.h"
#include "sigtrace.h"
#include "threads.bpf.h"

/*
 * Whether a limit is used up, as check_thread_timers() and check_process_timers() find it
 * (kernel/time/posix-cpu-timers.c). Of real time it is only known to be less where it surely is, for the length of
 * a tick (at most 10 ms) is not. */
__noinline int is_over_limit(__u64 address, __u32 is_kill)
{
	struct task_struct *task = typed(task_struct, address);
	struct signal_struct *signal = READ(task, signal);
	__u64 limit = is_kill ? READ(signal, rlim[RLIMIT_CPU].rlim_max) : READ(signal, rlim[RLIMIT_CPU].rlim_cur);
	__u64 used = READ(signal, cputimer.cputime_atomic.utime.counter) +
		     READ(signal, cputimer.cputime_atomic.stime.counter);

	if (limit != RLIM_INFINITY && used >= limit * 1000000000ULL)
		return 1;
	limit = is_kill ? READ(signal, rlim[RLIMIT_RTTIME].rlim_max) : READ(signal, rlim[RLIMIT_RTTIME].rlim_cur);
	return limit != RLIM_INFINITY && READ(task, rt.timeout) * 10000 >= limit;
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

static __always_inline __u32 blocks(__u64 leader, __u32 number, bool group, bool is_alone)
{
	__u64 found = 0;

	if (group && !is_alone) {
		found = look_at_threads(leader, number);
		if (!(found & (LIVES | ~FOUND)))
			return TARGET_EXITING;
		if (found & TAKES)
			return 0;
		if (found & ~FOUND)
			return TARGET_UNSURE;
	}
	if (found & AWAITS || is_read_by_file(leader, number))
		return TARGET_AWAITS;
	return TARGET_BLOCKS;
}

/* What keeps it from seeing the signal, whatever it would do; of a sleep that a fatal one ends, too (TASK_KILLABLE). */
static __always_inline void add_halted(volatile __u32 *flags, struct task_struct *task, __u32 group_state)
{
	__u32 state = bpf_core_field_exists(task->__state) ? task->__state : task->state;

	if (state & TASK_STOPPED_OR_TRACED || group_state & SIGNAL_STOP_STOPPED)
		*flags |= TARGET_STOPPED;
	if (state & TASK_FROZEN || task->jobctl & JOBCTL_TRAP_FREEZE)
		*flags |= TARGET_FROZEN;
	if (state & TASK_UNINTERRUPTIBLE && !(state & TASK_NOLOAD))
		*flags |= (task->flags & (PF_FROZEN | PF_KTHREAD)) == PF_FROZEN ? TARGET_FROZEN : TARGET_SLEEPS;
}

/*
 * Flags are gathered where they are sent from, not in a register: the verifier then knows nothing of them, and two
 * ways through a condition end in the same state instead of doubling the states of all that follows.
 */
static __always_inline void add_target_flags(volatile __u32 *flags, struct task_struct *task, __u32 number,
					     bool group)
{
	__u64 bit = 1ULL << (number - 1), handler;
	struct task_struct *same = typed(task_struct, task);
	struct signal_struct *shared = same->signal;
	__u32 state = shared->flags, ends = task->flags & PF_EXITING;
	bool is_alone = shared->nr_threads == 1;

	*flags |= TARGET_KNOWN;
	/* The first thread may end long before the process does. */
	if (state & SIGNAL_GROUP_EXIT || (ends && (!group || is_alone)))
		*flags |= TARGET_EXITING;
	if (state & SIGNAL_UNKILLABLE)
		*flags |= TARGET_PROTECTED;
	if (task->ptrace)
		*flags |= TARGET_TRACED;
	handler = (__u64)handler_of(same->sighand, number);
	if (handler == SIG_IGN)
		*flags |= TARGET_IGNORES;
	else if (handler != SIG_DFL)
		*flags |= TARGET_HANDLES;
	if (task->blocked.sig[0] & bit || (ends && group && !is_alone))
		*flags |= blocks((__u64)BPF_CORE_READ(task, group_leader), number, group, is_alone);
	else if (task->real_blocked.sig[0] & bit) /* taken out of blocked by sigtimedwait(2) meanwhile */
		*flags |= TARGET_AWAITS;
	add_halted(flags, task, state);
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
