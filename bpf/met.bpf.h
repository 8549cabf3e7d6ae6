/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has been met, and in what state: each state of a process is described once. */
#ifndef SIGTRACE_MET_BPF_H
#define SIGTRACE_MET_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"

/* What a description tells and exec, a new parent, or other credentials change. */
struct meeting {
	__u64 start;
	__u64 exec;
	__u32 parent;
	__u32 uid;
	__u32 euid;
};

/* Of a process whose thread this is: through helpers, so that any pointer will do. */
static __always_inline struct meeting meeting_at(struct task_struct *task)
{
	struct task_struct *leader = READ(typed(task_struct, task), group_leader);
	const struct cred *cred = READ(leader, real_cred);

	return (struct meeting){
		.start = READ(leader, start_boottime),
		.exec = READ(leader, self_exec_id),
		.parent = READ(leader, real_parent, tgid),
		.uid = READ(cred, uid.val),
		.euid = READ(cred, euid.val),
	};
}

/* The same where the verifier knows the types: ten times as fast for the thread that leads. */
static __always_inline struct meeting meeting_with(struct task_struct *task, const struct cred *cred)
{
	if (task->pid != task->tgid)
		return meeting_at(task);
	return (struct meeting){
		.start = task->start_boottime,
		.exec = task->self_exec_id,
		.parent = typed(task_struct, task)->real_parent->tgid,
		.uid = cred->uid.val,
		.euid = cred->euid.val,
	};
}

/*
 * The name says it: true the first time this process is met in this state; and once more when it is the current
 * one, whose memory can be read, and was not before.
 */
static __always_inline bool met_first(__u32 pid, struct meeting meeting, bool watch, bool is_current)
{
	struct seen *old = bpf_map_lookup_elem(&seen, &pid);
	struct seen new = {
		.start = meeting.start,
		.exec = meeting.exec,
		.parent = meeting.parent,
		.uid = meeting.uid,
		.euid = meeting.euid,
		.watched = watch,
		.met = is_current ? MET_CURRENT : MET,
	};

	if (old && old->start == new.start) {
		if (old->exec == new.exec && old->parent == new.parent && old->uid == new.uid &&
		    old->euid == new.euid && old->met >= new.met) {
			if (watch && !old->watched)
				old->watched = 1;
			return false;
		}
		new.watched |= old->watched;
		new.missed = old->missed;
		new.fault = old->fault;
	}
	if (bpf_map_update_elem(&seen, &pid, &new, BPF_ANY) && watch)
		count_loss(LOST_ENDS);
	return true;
}

/* The next signal describes it: who is met while the ring is full is not to be nameless for ever. */
static __always_inline void was_missed(__u32 pid)
{
	struct seen *it = bpf_map_lookup_elem(&seen, &pid);

	if (!it)
		return;
	it->met = MET_NOT;
	if (!it->missed)
		count_loss(LOST_PROCESSES);
	it->missed = 1;
}

/* Nothing comes from a process any more, and nothing goes to it. By now its pid may be another's. */
static __always_inline void forget_met(__u32 pid, __u64 start)
{
	struct seen *it = bpf_map_lookup_elem(&seen, &pid);

	if (it && it->start == start)
		bpf_map_delete_elem(&seen, &pid);
}

#endif
