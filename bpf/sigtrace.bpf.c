// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a signal is seen. What is recorded of it is in sigtrace.h, what is read of a process in
 * process.bpf.h. Loaded by tracer/sources/core/load.py, without the programs that are not asked for.
 */
#include "argv.bpf.h"
#include "calls.bpf.h"
#include "commands.bpf.h"
#include "exits.bpf.h"
#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "met.bpf.h"
#include "more.bpf.h"
#include "process.bpf.h"
#include "sender.bpf.h"
#include "siginfo.bpf.h"
#include "target.bpf.h"
#include "wanted.bpf.h"

static __always_inline void meet(__u64 *ctx, struct task_struct *me, const struct cred *my_cred,
				 struct task_struct *target, const struct cred *cred)
{
	__u64 address = bpf_get_current_task();
	__u32 pid = MY_PID(me);
	bool is_own = pid == (__u32)target->tgid;
	struct meeting meeting;
	__u64 told;

	if (pid && !is_own && config.describe) {
		meeting = HAS_CURRENT_BTF ? meeting_with(me, my_cred) : meeting_at(typed(task_struct, address));
		told = met_first(pid, meeting, false, true);
		if (told && describe_with_parents(address, true, ON_SIGNAL, told))
			was_missed(pid);
	}
	told = met_first(target->tgid, meeting_with(target, cred), config.deaths, is_own);
	if (told && config.describe) {
		/* The same pointer as a number: verified functions take no typed pointers before v6.9. */
		bpf_probe_read_kernel(&address, sizeof(address), &ctx[2]);
		if (describe_with_parents(address, is_own, ON_SIGNAL, told))
			was_missed(target->tgid);
	}
}

#define FAULTS (1U << SIGILL | 1U << SIGTRAP | 1U << SIGBUS | 1U << SIGFPE | 1U << SIGSEGV)

/* A fault that the filter leaves out: should its process die of it, nobody is to be looked for who sent it. */
static __always_inline void note_fault(__u64 *ctx, __u32 number, struct task_struct *target)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct seen *met;

	if (number > SIGSEGV || !(FAULTS >> number & 1) || pid != (__u32)target->tgid)
		return;
	met = bpf_map_lookup_elem(&seen, &pid);
	if (met && siginfo_of(ctx).si_code > 0)
		met->fault = number;
}

/* The few that may have more to tell: those to a traced target, of seccomp, and the kernel's SIGKILL. */
static __always_inline bool has_more(struct task_struct *target, __u32 number)
{
	return target->ptrace || number == SIGKILL || number == SIGSYS;
}

static __always_inline void more_of(__u64 *ctx, __u64 time)
{
	__u64 address = 0, info = 0;

	bpf_probe_read_kernel(&info, sizeof(info), &ctx[1]);
	bpf_probe_read_kernel(&address, sizeof(address), &ctx[2]);
	if (config.describe)
		describe_tracer(address);
	tell_more(address, info, time, ctx[0]);
}

/* The group that a pidfd stood for, as kill(2) would have it: below 0. */
static __always_inline __s32 group_asked(struct task_struct *target)
{
	return -READ(typed(task_struct, target), signal, pids[PIDTYPE_PGID], numbers[0].nr);
}

SEC("tp_btf/signal_generate")
int on_signal(__u64 *ctx)
{
	__u32 number = ctx[0];
	struct task_struct *target = (void *)ctx[2];
	const struct cred *my_cred = NULL, *cred;
	struct signal_record *record;
	struct task_struct *me;
	struct syscall call;
	__u64 time;

	if (number - 1 > 63)
		return 0;
	if (!is_wanted_number(number, ctx[4])) {
		note_fault(ctx, number, target);
		return 0;
	}
	cred = typed(task_struct, target)->real_cred;
	me = CURRENT_TASK;
	if (HAS_CURRENT_BTF)
		my_cred = typed(task_struct, me)->cred;
	if (!wanted(ctx, me, my_cred, target, cred)) {
		note_fault(ctx, number, target);
		return 0;
	}
	if (config.describe || config.deaths)
		meet(ctx, me, my_cred, target, cred);
	time = bpf_ktime_get_boot_ns();
	if (has_more(target, number))
		more_of(ctx, time);
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_loss(LOST_SIGNALS);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_SIGNAL;
	record->time = time;
	record->signal = number;
	record->group = ctx[3];
	record->result = ctx[4];
	/* Asked again: what was found before is nothing that the verifier has to carry on. */
	if (has_more(target, number))
		record->flags |= HAS_MORE;
	add_target_flags(&record->flags, target, number, record->group);
	add_sender_flags(&record->flags, me);
	call = current_syscall(me);
	if (call.signal == (__s32)number || !sends(call.call)) {
		record->call = call.call;
		record->asked = call.asked;
		record->flags |= ASKED_KNOWN;
		if (call.call == CALL_PIDFD_SEND_SIGNAL && call.flags & PIDFD_SIGNAL_PROCESS_GROUP) {
			record->asked = group_asked(target);
			record->flags |= ASKED_GROUP;
		}
	}
	fill_info(record, ctx);
	if ((number == SIGKILL || number == SIGXCPU) && record->code == SI_KERNEL &&
	    is_over_limit((__u64)BPF_CORE_READ(target, group_leader), number == SIGKILL))
		record->flags |= TARGET_OVER_LIMIT;
	if (writes_siginfo(record->call))
		fill_truth(record, me, target);
	fill_sender(&record->sender, me, my_cred);
	fill_target(&record->target, target, cred);
	submit(record);
	return 0;
}

TWICE(sched_process_exit, on_exit, tell_exit)

TWICE(sched_process_exec, on_exec, keep_argv)
TWICE(sched_process_free, on_free, forget_process)

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
