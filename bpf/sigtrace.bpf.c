// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a signal is seen. What is recorded of it is in sigtrace.h, what is read of a process in
 * process.bpf.h. Loaded by tracer/sources/core/load.py, without the programs that are not asked for.
 */
#include "calls.bpf.h"
#include "commands.bpf.h"
#include "exits.bpf.h"
#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "met.bpf.h"
#include "process.bpf.h"
#include "sender.bpf.h"
#include "siginfo.bpf.h"
#include "target.bpf.h"

static __always_inline bool one_of(void *map, __u32 sender, __u32 target)
{
	return bpf_map_lookup_elem(map, &sender) || bpf_map_lookup_elem(map, &target);
}

/*
 * Exclusions are decided for the target alone: what runs when a timer or a tty strikes is current, but
 * not the sender, and must not take the signal with it.
 */
static __always_inline bool wanted(__u32 number, int result, struct task_struct *target)
{
	__u32 sender = 0, pid = 0;

	if (!(filter.signals >> (number - 1) & 1) || !(filter.results >> result & 1))
		return false;
	if (filter.senders || filter.either)
		sender = bpf_get_current_pid_tgid() >> 32;
	if (filter.targets || filter.either)
		pid = target->tgid;
	if (filter.senders == MODE_ONLY && !bpf_map_lookup_elem(&senders, &sender))
		return false;
	if (filter.targets && !bpf_map_lookup_elem(&targets, &pid) == (filter.targets == MODE_ONLY))
		return false;
	if (filter.either == MODE_ONLY && !one_of(&either, sender, pid))
		return false;
	return filter.uids != MODE_ONLY ||
	       one_of(&uids, bpf_get_current_uid_gid(), typed(task_struct, target)->real_cred->uid.val);
}

static __always_inline void meet(__u64 *ctx, struct task_struct *me, const struct cred *my_cred,
				 struct task_struct *target, const struct cred *cred)
{
	__u64 address = bpf_get_current_task();
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct meeting meeting;

	if (pid && pid != (__u32)target->tgid && config.describe) {
		meeting = HAS_CURRENT_BTF ? meeting_with(me, my_cred) : meeting_at(typed(task_struct, address));
		if (met_first(pid, meeting, false) && describe(address, true, ON_SIGNAL))
			was_missed(pid);
	}
	if (met_first(target->tgid, meeting_with(target, cred), config.deaths) && config.describe) {
		/* The same pointer as a number: verified functions take no typed pointers before v6.9. */
		bpf_probe_read_kernel(&address, sizeof(address), &ctx[2]);
		if (describe(address, pid == (__u32)target->tgid, ON_SIGNAL))
			was_missed(target->tgid);
	}
}

SEC("tp_btf/signal_generate")
int on_signal(__u64 *ctx)
{
	__u32 number = ctx[0];
	struct task_struct *target = (void *)ctx[2];
	const struct cred *my_cred = NULL, *cred;
	struct task_struct *me;
	struct signal_record *record;
	struct syscall call;

	if (number - 1 > 63 || !wanted(number, ctx[4], target))
		return 0;
	cred = typed(task_struct, target)->real_cred;
	me = CURRENT_TASK;
	if (HAS_CURRENT_BTF)
		my_cred = typed(task_struct, me)->cred;
	if (config.describe || config.deaths)
		meet(ctx, me, my_cred, target, cred);
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_loss(LOST_SIGNALS);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_SIGNAL;
	record->time = bpf_ktime_get_boot_ns();
	record->signal = number;
	record->group = ctx[3];
	record->result = ctx[4];
	record->flags = target_flags(target, number, record->group);
	record->flags |= sender_flags(me, number);
	call = current_syscall(me);
	if (call.signal == (__s32)number || call.call == CALL_OTHER) {
		record->call = call.call;
		record->asked = call.asked;
		record->flags |= ASKED_KNOWN;
	}
	fill_info(record, ctx);
	if (writes_siginfo(record->call))
		fill_truth(record, me, target);
	fill_sender(&record->sender, me, my_cred);
	fill_target(&record->target, target, cred);
	submit(record);
	return 0;
}

TWICE(sched_process_exit, on_exit, tell_exit)

TWICE(sched_process_exec, on_exec, keep_argv)
TWICE(sched_process_free, on_free, forget_argv)

/*
 * The OOM killer marks its victim microseconds after it has sent SIGKILL: mm/oom_kill.c. The argument is
 * the victim's tid up to v6.8 and its task since; no task lies below the largest tid, PID_MAX_LIMIT.
 */
TRACEPOINT(mark_victim)
int on_oom(__u64 *ctx)
{
	struct oom_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	__u64 victim = 0;

	if (!record) {
		count_loss(LOST_OOMS);
		return 0;
	}
	bpf_probe_read_kernel(&victim, sizeof(victim), &ctx[0]);
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_OOM;
	record->time = bpf_ktime_get_boot_ns();
	record->tid = victim;
	if ((__u32)(victim >> 32)) {
		record->pid = BPF_CORE_READ((struct task_struct *)victim, tgid);
		record->tid = BPF_CORE_READ((struct task_struct *)victim, pid);
	}
	submit(record);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
