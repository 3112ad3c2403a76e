//! Disjoint sets of numbers, which are joined one pair at a time.

/// Sets of the numbers below a limit. At first, each number is in a set of its own.
#[derive(Debug, Clone, Default)]
pub struct DisjointSets(Vec<usize>);

impl DisjointSets {
    /// Makes sets of the numbers below `count`.
    pub fn new(count: usize) -> DisjointSets {
        DisjointSets((0..count).collect())
    }

    /// Returns the least number of the set that a number is in.
    pub fn find(&mut self, mut number: usize) -> usize {
        while self.0[number] != number {
            self.0[number] = self.0[self.0[number]];
            number = self.0[number];
        }
        number
    }

    /// Joins the sets of two numbers.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::DisjointSets;

    #[test]
    fn joined_numbers_share_their_least_number() {
        let mut sets = DisjointSets::new(5);
        sets.join(4, 3);
        sets.join(3, 1);
        assert_eq!((0..5).map(|it| sets.find(it)).collect::<Vec<_>>(), [0, 1, 2, 1, 1]);
    }
}
