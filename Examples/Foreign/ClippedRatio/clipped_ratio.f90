! The clipped importance ratio of PPO, per token: J = min(r A, clip(r, 1 - eps, 1 + eps) A).
!
! r = exp(log pi - log pi_old). Where the clip holds, the gradient is zero; elsewhere the weight on
! the gradient of log pi is share * r * A.
subroutine clipped_ratio(weights, losses, log_pi, old_log_pi, advantages, offsets, shares, &
    token_count, sequence_count, epsilon) bind(c, name="clipped_ratio")
  use, intrinsic :: iso_c_binding
  implicit none
  integer(c_int64_t), value :: token_count, sequence_count
  real(c_float), intent(inout) :: weights(token_count), losses(token_count)
  real(c_float), intent(in) :: log_pi(token_count), old_log_pi(token_count)
  real(c_float), intent(in) :: advantages(token_count)
  integer(c_int64_t), intent(in) :: offsets(sequence_count + 1)
  real(c_double), intent(in) :: shares(sequence_count)
  real(c_double), value :: epsilon
  integer(c_int64_t) :: sequence, token
  real(c_double) :: ratio, advantage, plain, clipped

  do sequence = 1, sequence_count
    ! Offsets count from 0, Fortran's arrays from 1.
    do token = offsets(sequence) + 1, offsets(sequence + 1)
      advantage = real(advantages(token), c_double)
      ratio = exp(real(log_pi(token), c_double) - real(old_log_pi(token), c_double))
      plain = ratio * advantage
      clipped = min(max(ratio, 1 - epsilon), 1 + epsilon) * advantage
      losses(token) = real(-shares(sequence) * min(plain, clipped), c_float)
      if (plain <= clipped) weights(token) = real(shares(sequence) * plain, c_float)
    end do
  end do
end subroutine clipped_ratio
