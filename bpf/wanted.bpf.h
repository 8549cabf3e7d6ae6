/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's part of the filter. */
#ifndef SIGTRACE_WANTED_BPF_H
#define SIGTRACE_WANTED_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"

static __always_inline bool one_of(void *map, __u32 sender, __u32 target)
{
	return bpf_map_lookup_elem(map, &sender) || bpf_map_lookup_elem(map, &target);
}

/*
 * Exclusions are decided for the target alone: what runs when a timer or a tty strikes is current, but
 * not the sender, and must not take the signal with it. What a tracer lets its target send itself is the
 * tracer's: who that is Python knows.
 */
static __always_inline bool wanted(__u32 number, int result, struct task_struct *target)
{
	__u32 sender = bpf_get_current_pid_tgid() >> 32, pid = target->tgid;
	bool may_be_tracers = sender == pid && target->ptrace;

	if (!(filter.signals >> (number - 1) & 1) || !(filter.results >> result & 1))
		return false;
	if (filter.targets && !bpf_map_lookup_elem(&targets, &pid) == (filter.targets == MODE_ONLY))
		return false;
	if (may_be_tracers)
		return true;
	if (filter.senders == MODE_ONLY && !bpf_map_lookup_elem(&senders, &sender))
		return false;
	if (filter.either == MODE_ONLY && !one_of(&either, sender, pid))
		return false;
	return filter.uids != MODE_ONLY ||
	       one_of(&uids, bpf_get_current_uid_gid(), typed(task_struct, target)->real_cred->uid.val);
}

#endif
