/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's part of the filter. */
#ifndef SIGTRACE_WANTED_BPF_H
#define SIGTRACE_WANTED_BPF_H

#include "judged.bpf.h"
#include "kernel.bpf.h"
#include "maps.bpf.h"

static __always_inline bool one_of(void *map, __u32 sender, __u32 target)
{
	return bpf_map_lookup_elem(map, &sender) || bpf_map_lookup_elem(map, &target);
}

static __always_inline bool is_wanted_number(__u32 number, int result)
{
	return filter.signals >> (number - 1) & 1 && filter.results >> result & 1;
}

static __always_inline bool are_wanted_ends(struct task_struct *me, struct task_struct *target)
{
	__u32 sender, pid = target->tgid;

	if (filter.targets && !bpf_map_lookup_elem(&targets, &pid) == (filter.targets == MODE_ONLY))
		return false;
	if (!filter.senders && !filter.either && !filter.uids)
		return true;
	sender = MY_PID(me);
	if (sender == pid && target->ptrace)
		return true;
	if (filter.senders == MODE_ONLY && !bpf_map_lookup_elem(&senders, &sender))
		return false;
	if (filter.either == MODE_ONLY && !one_of(&either, sender, pid))
		return false;
	return filter.uids != MODE_ONLY ||
	       one_of(&uids, bpf_get_current_uid_gid(), typed(task_struct, target)->real_cred->uid.val);
}

/*
 * Exclusions are decided for the target alone: what runs when a timer or a tty strikes is current, but
 * not the sender, and must not take the signal with it. What a tracer lets its target send itself is the
 * tracer's: who that is Python knows.
 */
static __always_inline bool wanted(__u64 *ctx, struct task_struct *me, const struct cred *my_cred,
				   struct task_struct *target, const struct cred *cred)
{
	if (!are_wanted_ends(me, target))
		return false;
	if (!config.judged || !filter.judges || !is_unwanted(ctx, me, my_cred, target, cred))
		return true;
	count_unwanted();
	return false;
}

#endif
