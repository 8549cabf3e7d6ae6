/* SPDX-License-Identifier: GPL-2.0-only */
/* How processes end: those that were sent a signal, and for a recorder (config.exits) some that were not. */
#ifndef SIGTRACE_EXITS_BPF_H
#define SIGTRACE_EXITS_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "process.bpf.h"

#define OLD 10000000000ULL /* ns */

/* wait(2)'s status of a process that is gone: wait_task_zombie(), kernel/exit.c. */
static __always_inline __u32 wait_status(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(task, signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

#ifdef CASTS
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
		BPF_CORE_READ(leader, real_parent, tgid) == 1 || own_pid(leader) == 1);
}
#endif

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
	__u64 start;

	met = bpf_map_lookup_elem(&seen, &pid);
	if ((!met && !config.exits) || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	start = BPF_CORE_READ(task, group_leader, start_boottime);
	if (met) {
		known = met->start == start;
		watched = met->watched && known;
		if (bpf_map_delete_elem(&seen, &pid))
			return 0;
	}
	if (!watched && !is_worth_telling(task, start))
		return 0;
	if (config.exits && !known && config.describe &&
	    describe(bpf_get_current_task(), false, ON_EXIT + again))
		count_loss(LOST_PROCESSES);
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
	BPF_CORE_READ_STR_INTO(&record->comm, task, group_leader, comm);
	submit(record);
	return 0;
}

#endif
