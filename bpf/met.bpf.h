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

/* Whether it is still in the state that it was last described in, and was met so far at least. */
static __always_inline bool is_still(struct seen *it, struct meeting meeting, __u8 met)
{
	return it->start == meeting.start && it->exec == meeting.exec && it->parent == meeting.parent &&
	       it->uid == meeting.uid && it->euid == meeting.euid && it->met >= met;
}

/*
 * The name says it: not 0 until this process has been described in this state, and once more when it is the current
 * one, whose memory can be read, and was not before. What it is then is a number for the state: struct seen.
 *
 * Who is being described by another CPU counts as not met: what comes of this one may find its place in the ring before
 * that description does. Both go by one number, so that neither makes the other begin again; the last bit tells them
 * apart where one had the memory and the other had not.
 */
static __always_inline __u64 met_first(__u32 pid, struct meeting meeting, bool watch, bool is_current)
{
	struct seen *old = bpf_map_lookup_elem(&seen, &pid);
	struct seen new = {
		.start = meeting.start,
		.exec = meeting.exec,
		.parent = meeting.parent,
		.uid = meeting.uid,
		.euid = meeting.euid,
		.watched = watch,
		.met = config.describe ? MET_NOT : MET_CURRENT,
	};

	if (old && old->start == new.start) {
		bool is_same = is_still(old, meeting, MET_NOT);

		if (is_same && watch && !old->watched)
			old->watched = 1;
		if (is_same && old->met >= (is_current ? MET_CURRENT : MET))
			return 0;
		if (is_same && old->met == MET_NOT && (old->told & 1) >= is_current)
			return (old->told & ~1ULL) | is_current;
		new.watched |= old->watched;
		new.missed = old->missed;
		new.fault = old->fault;
	}
	new.told = (bpf_ktime_get_boot_ns() & ~1ULL) | is_current;
	if (bpf_map_update_elem(&seen, &pid, &new, BPF_ANY) && watch)
		count_loss(LOST_ENDS);
	return new.told;
}

/* Its description is in the ring. */
static __always_inline void is_met(__u32 pid, __u64 told)
{
	struct seen *it = bpf_map_lookup_elem(&seen, &pid);
	__u8 met = told & 1 ? MET_CURRENT : MET;

	if (it && (it->told | 1) == (told | 1) && it->met < met)
		it->met = met;
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
