/* SPDX-License-Identifier: GPL-2.0-only */
/* Who was at work when it was sent: the current task. */
#ifndef SIGTRACE_SENDER_BPF_H
#define SIGTRACE_SENDER_BPF_H

#include "kernel.bpf.h"
#include "sigtrace.h"
#include "syscall.bpf.h"

static __always_inline __u32 own_pid(struct task_struct *leader)
{
	struct pid *pid = READ(leader, thread_pid);
	__u32 level = READ(pid, level);
	__u32 first = bpf_core_field_offset(struct pid, numbers[0].nr);
	__u32 step = bpf_core_field_size(struct pid, numbers[0]);
	__u32 number = 0;

	if (level > 32 || !pid) /* MAX_PID_NS_LEVEL, include/linux/pid_namespace.h */
		return 0;
	bpf_probe_read_kernel(&number, sizeof(number), (void *)pid + first + level * step);
	return number;
}

static __always_inline bool is_ns_init(struct task_struct *task)
{
	task = typed(task_struct, task);
	/* Only zap_pid_ns_processes() asks, from the namespace's init while it exits. */
	return READ(task, thread_pid, level) &&
	       own_pid(READ(task, group_leader)) == 1;
}

/* Whether threads are left that do not end with this one, which exits. */
static __always_inline bool lives_on(struct task_struct *task)
{
	task = typed(task_struct, task);
	return READ(task, signal, live.counter) > 0 &&
	       !(READ(task, signal, flags) & SIGNAL_GROUP_EXIT);
}

static __always_inline void add_sender_flags(volatile __u32 *flags, struct task_struct *me)
{
	__u32 state = MINE(me, flags);

	*flags |= SENDER_KNOWN;
	if (state & PF_KTHREAD)
		*flags |= SENDER_KERNEL_THREAD;
	if (state & PF_EXITING) {
		*flags |= SENDER_EXITING;
		if (is_ns_init(me))
			*flags |= SENDER_NS_INIT;
		/* exit_task_namespaces() is behind it, and what a terminal has to say: do_exit(), kernel/exit.c. */
		if (!READ(typed(task_struct, me), nsproxy))
			*flags |= SENDER_NOTIFIES;
		if (lives_on(me))
			*flags |= SENDER_LIVES_ON;
	}
}

/* The process that traces a task: ptrace(2). */
static __always_inline void fill_tracer(__u64 *start, __u32 *tracer, struct task_struct *task)
{
	struct task_struct *leader;

	task = typed(task_struct, task);
	if (!READ(task, ptrace))
		return;
	leader = READ(task, parent, group_leader);
	*tracer = READ(leader, tgid);
	*start = READ(leader, start_boottime);
}

static __always_inline void copy_comm(char *to, const char *from)
{
	((__u64 *)to)[0] = ((const __u64 *)from)[0];
	((__u64 *)to)[1] = ((const __u64 *)from)[1];
}

/* When the process of a task was born. */
static __always_inline __u64 start_of(struct task_struct *task)
{
	if (task->pid == task->tgid)
		return task->start_boottime;
	return READ(typed(task_struct, task), group_leader, start_boottime);
}

static __always_inline void fill_sender(struct end *end, struct task_struct *me,
					const struct cred *cred)
{
	if (HAS_CURRENT_BTF) { /* plain loads: a call of a helper costs as much as ten of them */
		end->pid = me->tgid;
		end->tid = me->pid;
		end->uid = cred->uid.val;
		end->start = start_of(me);
		copy_comm(end->comm, me->comm);
	} else {
		struct task_struct *task = typed(task_struct, bpf_get_current_task());
		__u64 id = bpf_get_current_pid_tgid();

		end->pid = id >> 32;
		end->tid = id;
		end->uid = bpf_get_current_uid_gid();
		end->start = READ(task, group_leader, start_boottime);
		bpf_get_current_comm(end->comm, sizeof(end->comm));
	}
}

#endif
