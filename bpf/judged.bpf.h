/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the words of a filter say of an end. Python decides it, once for each state of a process: only Python knows units,
 * users and old command lines. What it found is kept here under a number for that state, and holds as long as
 * that: what it was decided on is the description (struct seen says which), and what each signal tells anew, the thread's
 * name and uid. Who has no verdict passes.
 */
#ifndef SIGTRACE_JUDGED_BPF_H
#define SIGTRACE_JUDGED_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "met.bpf.h"
#include "siginfo.bpf.h"
#include "syscall.bpf.h"

/* The same as in tracer/sources/wire/judged.py. Of numbers that differ in one word all steps lead to different ones. */
static __always_inline __u64 mixed(__u64 mark, __u64 word)
{
	mark = (mark ^ word) * filter.key;
	return mark ^ mark >> 32;
}

/* enum verdict, 0 where there is none. LEADS: it is the thread that its process began with. */
static __always_inline __u32 verdict_on(__u32 pid, struct meeting meeting, __u8 met, const __u64 *comm, __u32 uid,
					bool leads)
{
	struct seen *it = bpf_map_lookup_elem(&seen, &pid);
	struct judged *set;
	__u64 mark;
	__u32 at;

	if (!it || !is_still(it, meeting, met))
		return 0;
	mark = mixed(filter.key, it->told);
	mark = mixed(mark, (__u64)pid << 1 | leads);
	mark = mixed(mark, uid);
	mark = mixed(mark, comm[0]);
	mark = mixed(mark, comm[1]);
	at = mark >> 32 & (JUDGED - 1);
	set = bpf_map_lookup_elem(&judged, &at);
	if (!set)
		return 0;
	for (int i = 0; i < WAYS; i++) {
		__u64 kept = set->way[i];

		if (!((kept ^ mark) & ~VERDICT))
			return kept & VERDICT;
	}
	return 0;
}

/* Of the current task. */
static __always_inline __u32 verdict_on_sender(struct task_struct *me, const struct cred *cred)
{
	__u64 id, comm[2] = {};

	if (HAS_CURRENT_BTF)
		return verdict_on(me->tgid, meeting_with(me, cred), MET_CURRENT, (const __u64 *)me->comm, cred->uid.val,
				  me->pid == me->tgid);
	id = bpf_get_current_pid_tgid();
	bpf_get_current_comm(comm, sizeof(comm));
	return verdict_on(id >> 32, meeting_at(typed(task_struct, bpf_get_current_task())), MET_CURRENT, comm,
			  bpf_get_current_uid_gid(), id >> 32 == (__u32)id);
}

/* Whether current has sent it by a call, of which the siginfo tells: _sent_by_call(), tracer/model/origin.py. */
static __always_inline bool is_sent(__u64 *ctx, struct task_struct *me, __u32 number)
{
	struct syscall call = current_syscall(me);
	__s32 code = siginfo_of(ctx).si_code;

	if (call.signal != (__s32)number || !sends(call.call) || code > 0 || MINE(me, flags) & PF_KTHREAD)
		return false;
	if (call.call == CALL_KILL)
		return code == SI_USER;
	return (call.call != CALL_TKILL && call.call != CALL_TGKILL) || code == SI_TKILL;
}

/* Whether the words want nothing of this signal. What a tracer lets its target send itself is the tracer's. */
static __always_inline bool is_unwanted(__u64 *ctx, struct task_struct *me, const struct cred *my_cred,
					struct task_struct *target, const struct cred *cred)
{
	__u32 pid = MY_PID(me), whom = target->tgid, of_target = 0, of_sender;
	bool is_own = pid == whom;

	if (filter.judges & JUDGES_TARGETS)
		of_target = verdict_on(whom, meeting_with(target, cred), is_own ? MET_CURRENT : MET,
				       (const __u64 *)target->comm, cred->uid.val, target->pid == target->tgid);
	if (of_target & NOT_TO)
		return true;
	if (!(filter.judges & JUDGES_SENDERS) || !pid || (is_own && target->ptrace))
		return false;
	of_sender = verdict_on_sender(me, my_cred);
	if (of_sender & NOT_FROM || of_sender & of_target & NEITHER)
		return true;
	return of_sender & NOT_SENT && is_sent(ctx, me, ctx[0]);
}

static __always_inline void count_unwanted(void)
{
	__u32 at = bpf_get_smp_processor_id() & (COUNTERS - 1);
	struct counter *counter = bpf_map_lookup_elem(&unwanted, &at);

	if (counter)
		__sync_fetch_and_add(&counter->count, 1);
}

#endif
