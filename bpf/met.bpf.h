/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has been met, and in what state: each state of a process is described once. */
#ifndef SIGTRACE_MET_BPF_H
#define SIGTRACE_MET_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"

/* The state is a number that changes with what a description tells: by exec, a new parent, other credentials. */
static __always_inline __u64 mixed(__u64 exec, __u32 parent, __u32 uid, __u32 euid)
{
	return (((exec * 31 + parent) * 31 + uid) * 31) + euid;
}

struct meeting {
	__u64 start;
	__u64 state;
};

/* Of a process whose thread this is: through helpers, so that any pointer will do. */
static __always_inline struct meeting meeting_at(struct task_struct *task)
{
	struct task_struct *leader = READ(typed(task_struct, task), group_leader);
	const struct cred *cred = READ(leader, real_cred);

	return (struct meeting){
		.start = READ(leader, start_boottime),
		.state = mixed(READ(leader, self_exec_id),
			       READ(leader, real_parent, tgid), READ(cred, uid.val),
			       READ(cred, euid.val)),
	};
}

/* The same where the verifier knows the types: ten times as fast for the thread that leads. */
static __always_inline struct meeting meeting_with(struct task_struct *task, const struct cred *cred)
{
	if (task->pid != task->tgid)
		return meeting_at(task);
	return (struct meeting){
		.start = task->start_boottime,
		.state = mixed(task->self_exec_id, typed(task_struct, task)->real_parent->tgid, cred->uid.val,
			       cred->euid.val),
	};
}

/* The name says it: true the first time this process is met in this state. */
static __always_inline bool met_first(__u32 pid, struct meeting meeting, bool watch)
{
	__u64 start = meeting.start, state = meeting.state;
	struct seen *old = bpf_map_lookup_elem(&seen, &pid);
	struct seen new = { .start = start, .state = state, .watched = watch };

	if (old && old->start == start && old->state == state) {
		if (watch && !old->watched)
			old->watched = 1;
		return false;
	}
	if (old && old->start == start) {
		new.watched |= old->watched;
		new.missed = old->missed;
	}
	bpf_map_update_elem(&seen, &pid, &new, BPF_ANY);
	return true;
}

/* The next signal describes it: who is met while the ring is full is not to be nameless for ever. */
static __always_inline void was_missed(__u32 pid)
{
	struct seen *it = bpf_map_lookup_elem(&seen, &pid);

	if (!it)
		return;
	it->state = 0;
	if (!it->missed)
		count_loss(LOST_PROCESSES);
	it->missed = 1;
}

#endif
