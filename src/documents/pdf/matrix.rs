//! A matrix that takes points from one coordinate system to another (ISO 32000-2, 8.3).

/// A point or a distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    /// How far another lies along and across a direction of length one.
    pub(super) fn to(self, other: Self, direction: Self) -> (f64, f64) {
        let (x, y) = (other.x - self.x, other.y - self.y);
        (
            x * direction.x + y * direction.y,
            y * direction.x - x * direction.y,
        )
    }

    /// The same direction with length one, or to the right when there is none.
    pub(super) fn unit(self) -> Self {
        let length = self.length();
        if length > 0.0 && length.is_finite() {
            Self {
                x: self.x / length,
                y: self.y / length,
            }
        } else {
            Self { x: 1.0, y: 0.0 }
        }
    }

    /// Its distance from the origin.
    pub(super) fn length(self) -> f64 {
        self.x.hypot(self.y)
    }
}

/// The numbers a to f as the operators `cm` and `Tm` have them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    /// Leaves everything where it is.
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// First this one, then the other.
    pub(super) fn then(self, other: Self) -> Self {
        let (m, n) = (&self.0, &other.0);
        Self([
            m[0] * n[0] + m[1] * n[2],
            m[0] * n[1] + m[1] * n[3],
            m[2] * n[0] + m[3] * n[2],
            m[2] * n[1] + m[3] * n[3],
            m[4] * n[0] + m[5] * n[2] + n[4],
            m[4] * n[1] + m[5] * n[3] + n[5],
        ])
    }

    /// Moves the origin within the system it describes.
    pub(super) fn shifted(self, x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y]).then(self)
    }

    /// Where the origin is taken.
    pub(super) fn origin(self) -> Point {
        Point {
            x: self.0[4],
            y: self.0[5],
        }
    }

    /// Where the step to the right is taken, from the origin.
    pub(super) fn right(self) -> Point {
        Point {
            x: self.0[0],
            y: self.0[1],
        }
    }

    /// Where the step up is taken, from the origin.
    pub(super) fn up(self) -> Point {
        Point {
            x: self.0[2],
            y: self.0[3],
        }
    }
}
