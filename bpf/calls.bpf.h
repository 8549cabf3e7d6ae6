/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attempts that never become a signal, seen at the exit of the six system calls.
 */
#ifndef SIGTRACE_CALLS_BPF_H
#define SIGTRACE_CALLS_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "met.bpf.h"
#include "process.bpf.h"
#include "sender.bpf.h"

#define EBADF 9 /* asm-generic/errno-base.h */
#define EAGAIN 11

/* The process behind a pidfd of the current task, whatever namespace it was opened in. */
static __always_inline __u32 pid_of_pidfd(struct task_struct *me, __u32 fd)
{
	struct file *file = file_of(me, fd);
	struct pid *pid = NULL;

	if (!file)
		return 0;
	file = typed(file, file);
	pid = bpf_core_field_exists(pid->stashed) ? READ(file, f_inode, i_private) :
						    READ(file, private_data);
	pid = typed(pid, pid);
	return READ(pid, numbers[0].nr);
}

/* -EBADF says that the descriptor was none, or not of a process: pidfd_send_signal(2). */
static __always_inline __u32 called_pid(struct task_struct *me, struct syscall *call, long error)
{
	if (call->call == CALL_PIDFD_SEND_SIGNAL)
		return error == -EBADF ? 0 : pid_of_pidfd(typed(task_struct, me), call->asked);
	/* In another pid namespace the number means another process. */
	return !READ(typed(task_struct, me), thread_pid, level) && call->asked > 0 ? call->asked : 0;
}

/*
 * Refused sends and signal 0, which signal_generate does not see. This hook costs every system call of
 * the host a little, so it is loaded only when asked for.
 */
static __always_inline int tell_call(__u64 *ctx, __u32 again)
{
	struct call_record *record;
	struct task_struct *me = CURRENT_TASK;
	const struct cred *cred = NULL;
	struct syscall call;
	__u8 told = 1;
	long error = ctx[1];
	__u32 pid;
	__u64 id, state;

	call = current_syscall(me);
	if (!sends(call.call))
		return 0;
	/* A full queue: signal_generate has told it. */
	if (error == -EAGAIN || error > 0 || error < -4095 || !(error ? config.refused : config.probes && !call.signal))
		return 0;
	if ((__u32)call.signal - 1 < 64 && !(filter.signals >> (call.signal - 1) & 1))
		return 0;
	id = bpf_get_current_pid_tgid();
	pid = id >> 32;
	if (filter.senders == MODE_ONLY && !bpf_map_lookup_elem(&senders, &pid))
		return 0;
	if (again && bpf_map_delete_elem(&called, &id) == 0)
		return 0;
	if (!again)
		bpf_map_update_elem(&called, &id, &told, BPF_ANY);
	state = config.describe ? met_first(pid, meeting_at(me), false, true) : 0;
	if (state && describe_with_parents(bpf_get_current_task(), true, again ? ON_CALL_AGAIN : ON_CALL, state))
		was_missed(pid);
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_loss(LOST_CALLS);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_CALL;
	record->time = bpf_ktime_get_boot_ns();
	record->error = error;
	record->call = call.call;
	record->asked = call.asked;
	record->signal = call.signal;
	record->target_pid = called_pid(me, &call, error);
	if (HAS_CURRENT_BTF)
		cred = typed(task_struct, me)->cred;
	fill_sender(&record->sender, me, cred);
	submit(record);
	return 0;
}

TWICE(sys_exit, on_call, tell_call)

#endif
