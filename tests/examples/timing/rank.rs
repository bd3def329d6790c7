//! What two samples have to do with each other, without a word about how they are distributed.

/// The values below which these shares of a sample are.
pub(crate) fn quantiles<const N: usize>(sample: &[f64], shares: [f64; N]) -> [f64; N] {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    shares.map(|share| sorted[((sorted.len() - 1) as f64 * share).round() as usize])
}

/// The test of Mann and Whitney: how likely one of `a` is above one of `b`, ties counting half, and by
/// how many standard deviations that differs from an even chance. Beyond 3 is once in 370 times where
/// there is no difference.
pub(crate) fn compare(a: &[f64], b: &[f64]) -> (f64, f64) {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let mut all: Vec<(f64, bool)> = a.iter().map(|value| (*value, true)).collect();
    all.extend(b.iter().map(|value| (*value, false)));
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    // What is equal shares the mean of its ranks.
    let (mut ranks, mut tied, mut before) = (0.0, 0.0, 0.0);
    for equal in all.chunk_by(|x, y| x.0 == y.0) {
        let count = equal.len() as f64;
        let ours = equal.iter().filter(|(_, of_a)| *of_a).count() as f64;
        ranks += ours * (before + (count + 1.0) / 2.0);
        tied += count.powi(3) - count;
        before += count;
    }
    let above = ranks - n * (n + 1.0) / 2.0;
    let all = n + m;
    let variance = n * m / 12.0 * (all + 1.0 - tied / (all * (all - 1.0)));
    let z = (above - n * m / 2.0) / variance.sqrt();
    (above / (n * m), z)
}
