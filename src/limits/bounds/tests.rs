//! What may be asked for, and amounts in words.

use proptest::option;
use proptest::prelude::*;

use super::*;

fn own() -> Bounds {
    Bounds {
        memory: Some(1 << 30),
        swap: None,
        cpu: Some(1.5),
        pids: Some(100),
        io_weight: None,
    }
}

#[test]
fn what_is_not_asked_for_is_as_the_settings_say() {
    assert_eq!(own().narrowed(&Bounds::default()), Ok(own()));
    assert!(Bounds::default().is_empty());
    assert!(!own().is_empty());
}

#[test]
fn less_is_given_and_what_has_no_bound_may_be_anything() {
    let asked = Bounds {
        memory: Some(1 << 30),
        swap: Some(5),
        cpu: Some(0.5),
        pids: Some(7),
        io_weight: Some(10_000),
    };
    assert_eq!(own().narrowed(&asked), Ok(asked));
}

#[test]
fn memory_that_is_asked_for_allows_no_swap_unless_some_is_asked_for_or_set() {
    let asked = Bounds {
        memory: Some(1 << 20),
        ..Bounds::default()
    };
    assert_eq!(own().narrowed(&asked).unwrap().swap, Some(0));
    let own = Bounds {
        swap: Some(9),
        ..own()
    };
    assert_eq!(own.narrowed(&asked).unwrap().swap, Some(9));
}

#[test]
fn more_is_refused_with_what_is_allowed() {
    let most = |asked: Bounds| own().narrowed(&asked).unwrap_err().to_string();
    let none = Bounds::default();
    assert_eq!(
        most(Bounds {
            memory: Some(2_000_000_000),
            ..none
        }),
        "memory_limit is 2000000000 bytes (2 GB), and at most 1073741824 bytes (1 GiB) is allowed here; \
         ask for less, or leave it out"
    );
    assert!(
        most(Bounds {
            cpu: Some(2.0),
            ..none
        })
        .starts_with("cpu_limit is 2, and at most 1.5 is")
    );
    assert!(
        most(Bounds {
            pids: Some(101),
            ..none
        })
        .starts_with("pids_limit is 101, and at most 100 is")
    );
    assert!(
        most(Bounds {
            cpu: Some(f64::NAN),
            ..none
        })
        .starts_with("cpu_limit is NaN")
    );
}

#[test]
fn bytes_are_shown_for_people() {
    for (bytes, words) in [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_023, "1023 bytes"),
        (1_000, "1 kB"),
        (1_024, "1 KiB"),
        (512_000_000, "512 MB"),
        (1_500_000_000, "1.5 GB"),
        (512 << 20, "512 MiB"),
        (3 << 29, "1.5 GiB"),
        ((1 << 30) - 1, "1023.99 MiB"),
        (123_456_789, "117.73 MiB"),
        (u64::MAX, "16383.99 PiB"),
    ] {
        assert_eq!(readable(bytes), words);
    }
}

fn any_bounds() -> impl Strategy<Value = Bounds> {
    (
        option::of(0..10_u64),
        option::of(0..10_u64),
        option::of(0.0..10.0),
        option::of(0..10_u64),
        option::of(1..10_u16),
    )
        .prop_map(|(memory, swap, cpu, pids, io_weight)| Bounds {
            memory,
            swap,
            cpu,
            pids,
            io_weight,
        })
}

/// Whether nothing here is wider than there.
fn within(here: &Bounds, there: &Bounds) -> bool {
    fn one<T: PartialOrd>(here: Option<T>, there: Option<T>) -> bool {
        there.is_none_or(|there| here.is_some_and(|here| here <= there))
    }
    one(here.memory, there.memory)
        && one(here.swap, there.swap)
        && one(here.cpu, there.cpu)
        && one(here.pids, there.pids)
        && one(here.io_weight, there.io_weight)
}

proptest! {
    #[test]
    fn what_is_given_is_within_what_is_set_and_what_is_asked(own in any_bounds(), asked in any_bounds()) {
        if let Ok(given) = own.narrowed(&asked) {
            prop_assert!(within(&given, &own) && within(&given, &asked), "{given:?}");
        } else {
            let wider = Bounds {
                memory: asked.memory.or(own.memory),
                swap: asked.swap.or(own.swap),
                cpu: asked.cpu.or(own.cpu),
                pids: asked.pids.or(own.pids),
                io_weight: asked.io_weight.or(own.io_weight),
            };
            prop_assert!(!within(&wider, &own), "refused without a reason");
        }
    }

    #[test]
    fn readable_bytes_are_never_more_than_there_are(bytes in any::<u64>()) {
        let words = readable(bytes);
        let (number, unit) = words.split_once(' ').unwrap();
        let size = DECIMAL.iter().chain(&BINARY).find(|(_, name)| *name == unit).map_or(1, |(size, _)| *size);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let hundredths: u128 = format!("{whole}{part:0<2}").parse().unwrap();
        let shown = hundredths * u128::from(size) / 100;
        prop_assert!(shown <= bytes.into());
        prop_assert!(u128::from(bytes) - shown <= u128::from(size / 100));
    }
}
