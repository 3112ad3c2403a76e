//! Sorting with one copy of the algorithm for all types.
//!
//! The standard library compiles its sort anew for every type, some five kilobytes each, and this
//! crate is downloaded by browsers. Here only numbers are sorted, by a comparison handed over.

use std::cmp::Ordering;

/// Sorts stably.
pub fn sort_by<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let swaps = swaps(list.len(), &|a, b| compare(&list[a], &list[b]));
    each(swaps, &mut |a, b| list.swap(a, b));
}

fn each(swaps: Vec<(usize, usize)>, swap: &mut dyn FnMut(usize, usize)) {
    for (a, b) in swaps {
        swap(a, b);
    }
}

/// Sorts stably by a key, which is made for each comparison.
pub fn sort_by_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(list, |a, b| key(a).cmp(&key(b)));
}

/// Sorts.
pub fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, T::cmp);
}

/// The pairs to swap, one after the other, to bring a list into order.
fn swaps(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<(usize, usize)> {
    // Most lists are in order already.
    if (1..count).all(|it| compare(it - 1, it).is_le()) {
        return Vec::new();
    }
    let mut order = order(count, compare);
    let mut swaps = Vec::new();
    for start in 0..count {
        // Follows a circle of places, each of which waits for what is in the next one.
        let mut at = start;
        while order[at] != at {
            let from = std::mem::replace(&mut order[at], at);
            if from != start {
                swaps.push((at, from));
            }
            at = from;
        }
    }
    swaps
}

/// Which item comes first, second and so on: merges ever longer runs.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut width = 1;
    while width < count {
        let mut merged = Vec::with_capacity(count);
        for pair in order.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
                if compare(*a, *b).is_le() {
                    merged.push(*a);
                    left = rest_left;
                } else {
                    merged.push(*b);
                    right = rest_right;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        order = merged;
        width *= 2;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_keep_their_order() {
        let mut list = vec![(2, 'a'), (1, 'b'), (2, 'c'), (1, 'd'), (0, 'e')];
        sort_by_key(&mut list, |it| it.0);
        assert_eq!(list, [(0, 'e'), (1, 'b'), (1, 'd'), (2, 'a'), (2, 'c')]);
        sort(&mut list);
        assert!(list.is_sorted());
    }

    #[test]
    fn every_arrangement_comes_into_order() {
        for count in 0..40_usize {
            for step in 1..12 {
                let mut list: Vec<(usize, usize)> =
                    (0..count).map(|at| (at * step % 7, at)).collect();
                let mut expected = list.clone();
                expected.sort_by_key(|it| it.0);
                sort_by_key(&mut list, |it| it.0);
                assert_eq!(list, expected);
            }
        }
    }
}
