/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How processes end: those that were sent a signal, and for a recorder (config.exits) some that were not; and threads
 * that seccomp ends.
 */
#ifndef SIGTRACE_EXITS_BPF_H
#define SIGTRACE_EXITS_BPF_H

#include "argv.bpf.h"
#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "met.bpf.h"
#include "process.bpf.h"
#include "sender.bpf.h"
#include "syscall.bpf.h"

#define OLD 10000000000ULL /* ns */

/* wait(2)'s status of a process that is gone: wait_task_zombie(), kernel/exit.c. */
static __always_inline __u32 wait_status(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(task, signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

#ifdef HURRIED
#define is_worth_telling(task, start) false
#define ON_EXIT ON_SIGNAL
#else
/* What a unit or container was started for has init for its parent, or is init of its pid namespace. */
static __always_inline bool is_worth_telling(struct task_struct *task, __u64 start)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	if (config.exits != EXITS_WORTH)
		return config.exits == EXITS_ALL;
	return wait_status(task) &&
	       (bpf_ktime_get_boot_ns() - start >= OLD ||
		BPF_CORE_READ(leader, real_parent, tgid) == 1 || own_pid(typed(task_struct, leader)) == 1);
}
#endif

static __always_inline int tell_refused(struct task_struct *task)
{
	struct refused_record *record;
	struct task_struct *me = CURRENT_TASK;
	struct syscall call;
	__u64 id = bpf_get_current_pid_tgid();

	if (!(filter.signals >> (SIGSYS - 1) & 1))
		return 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_loss(LOST_SIGNALS);
		return 0;
	}
	call = current_syscall(me);
	record->type = RECORD_REFUSED;
	record->refused = call.number;
	record->time = bpf_ktime_get_boot_ns();
	record->address = instruction_of(me);
	record->arch = call.arch;
	record->uid = bpf_get_current_uid_gid();
	record->start = BPF_CORE_READ(task, group_leader, start_boottime);
	record->pid = id >> 32;
	record->tid = id;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	submit(record);
	return 0;
}

/*
 * The process is gone with its last thread: do_exit() counts signal->live down before this tracepoint.
 * Two threads may both find 0 here; only the first still finds the entry. Of those without an entry the reader
 * takes the first record.
 */
static __always_inline int tell_exit(__u64 *ctx, __u32 again)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct exit_record *record;
	struct seen *met;
	bool watched = false, known = false;
	__u64 start, tracer_start = 0;
	__u32 tracer = 0;
	__u8 fault = 0;

	if ((BPF_CORE_READ(task, exit_code) & 0x7f) == SIGSYS && lives_on(task))
		return tell_refused(task);
	met = bpf_map_lookup_elem(&seen, &pid);
	if ((!met && !config.exits) || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	start = BPF_CORE_READ(task, group_leader, start_boottime);
	if (met) {
		known = met->start == start;
		watched = met->watched && known;
		fault = met->fault;
		if (bpf_map_delete_elem(&seen, &pid))
			return 0;
	}
	if (!watched && !is_worth_telling(task, start))
		return 0;
	if (config.exits && !known && config.describe &&
	    describe(bpf_get_current_task(), false, ON_EXIT + again, 0))
		count_loss(LOST_PROCESSES);
	fill_tracer(&tracer_start, &tracer, task);
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_loss(LOST_EXITS);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_EXIT;
	record->pid = pid;
	record->time = bpf_ktime_get_boot_ns();
	record->start = start;
	record->status = wait_status(task);
	record->tracer = tracer;
	record->tracer_start = tracer_start;
	if (fault && fault == (record->status & 0x7f))
		record->flags |= OWN_FAULT;
	BPF_CORE_READ_STR_INTO(&record->comm, task, group_leader, comm);
	submit(record);
	return 0;
}

/*
 * Nothing can come from a process any more. Not at its exit: SIGCHLD and PR_SET_PDEATHSIG signals follow
 * that, exit_notify(). By now its pid may be another's.
 */
static __always_inline int forget_process(__u64 *ctx, __u32 again)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 pid = BPF_CORE_READ(task, pid);
	__u64 start = BPF_CORE_READ(task, start_boottime);

	if ((__u32)BPF_CORE_READ(task, tgid) != pid)
		return 0;
	forget_argv(pid, start);
	forget_met(pid, start);
	return 0;
}

#endif
